;; A promotion policy that grows a table until that is refused, and crashes then: a stable Rust compiler offers no
;; table instruction, hence by hand. It imports nothing, and the host must answer nothing: it must refuse the growth.
(module
  (memory (export "memory") 2)
  (table $bomb 1 funcref)
  (global $free (mut i32) (i32.const 4096))

  (data (i32.const 64) "table-bomb")
  (data (i32.const 80) "1.0.0")
  (data (i32.const 96) "Grows a table without end.")
  (data (i32.const 128) "{}")
  ;; The description: pointer and length of name, version, summary and settings schema.
  (data (i32.const 256)
    "\40\00\00\00\0a\00\00\00" "\50\00\00\00\05\00\00\00" "\60\00\00\00\1a\00\00\00" "\80\00\00\00\02\00\00\00")

  (func (export "plimsoll:policy/about@0.1.0#describe") (result i32)
    (i32.const 256))

  ;; The address of twelve zero bytes: settings are accepted.
  (func (export "plimsoll:policy/about@0.1.0#check-settings") (param i32 i32) (result i32)
    (i32.const 512))

  (func (export "plimsoll:policy/promotion@0.1.0#decide") (param i32) (result i32)
    (loop $more
      (br_if $more (i32.ne (table.grow $bomb (ref.null func) (i32.const 1000)) (i32.const -1))))
    unreachable)

  ;; The request is written behind everything else and never given back.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $block i32)
    (local.set $block
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get 2))))
    (global.set $free (i32.add (local.get $block) (local.get 3)))
    (local.get $block)))
