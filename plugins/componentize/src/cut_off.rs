//! Cuts a core module off from WASI: what it imports of `wasi_snapshot_preview1` becomes functions of its own, which
//! answer the same in every run.
//!
//! The runtimes of some languages ask for a clock, randomness and streams before any policy runs. They get a clock that
//! stands still, the same bytes for random ones, no arguments, no environment and no files; what they write is gone.
//! Whatever else they ask for fails, and a function that cannot fail traps. Numbers of errors are those of the witx
//! definition of `wasi_snapshot_preview1`, `errno`.

use std::{collections::BTreeMap, convert::Infallible};

use wasm_encoder::{
    BlockType, CodeSection, Function, FunctionSection, ImportSection, Instruction, MemArg, Module, ValType,
    reencode::{Error, Reencode, utils},
};
use wasmparser::{CodeSectionReader, FunctionSectionReader, Import, ImportSectionReader, Parser, TypeRef};

/// The module that is cut off.
const WASI: &str = "wasi_snapshot_preview1";
/// The time that every clock shows, nanoseconds. Not 0, which Go's runtime takes for a broken clock.
const TIME: i64 = 1_000_000_000;
/// What every byte asked of the random generator is.
const RANDOM: i32 = 0x2a;
/// `success`.
const SUCCESS: i32 = 0;
/// `badf`: there is no such file.
const NO_FILE: i32 = 8;
/// `nosys`: there is no such function.
const NO_FUNCTION: i32 = 52;

/// Cuts a core module off from WASI.
pub(crate) fn cut_off(module: &[u8]) -> Result<Vec<u8>, Error<Infallible>> {
    let mut knife = Knife::read(module)?;
    let mut rest = Module::new();
    utils::parse_core_module(&mut knife, &mut rest, Parser::new(0), module)?;
    Ok(rest.finish())
}

/// An imported function that the module gets as its own.
struct Severed {
    name: String,
    type_index: u32,
    parameters: usize,
    /// Whether it returns an `errno`, as all do that return anything.
    returns: bool,
}

/// The functions cut off, and where imported functions are after that. Imports come first among functions: those that
/// stay move together, and those cut off become the first functions of the module itself, so no other one moves.
struct Knife {
    severed: Vec<Severed>,
    moved: BTreeMap<u32, u32>,
}

impl Knife {
    fn read(module: &[u8]) -> Result<Self, Error<Infallible>> {
        let (mut types, mut kept, mut severed) = (Vec::new(), Vec::new(), Vec::new());
        let mut index = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                wasmparser::Payload::TypeSection(section) => {
                    for function in section.into_iter_err_on_gc_types() {
                        let function = function?;
                        types.push((function.params().len(), !function.results().is_empty()));
                    }
                }
                wasmparser::Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let Import { module, name, ty: TypeRef::Func(type_index) } = import? else {
                            continue;
                        };
                        if module == WASI {
                            let (parameters, returns) =
                                types.get(type_index as usize).copied().unwrap_or_default();
                            let name = name.to_owned();
                            severed.push((index, Severed { name, type_index, parameters, returns }));
                        } else {
                            kept.push(index);
                        }
                        index += 1;
                    }
                }
                wasmparser::Payload::CodeSectionStart { .. } => break,
                _ => {}
            }
        }
        let order = kept.into_iter().chain(severed.iter().map(|(old, _)| *old));
        let moved = order.zip(0..).collect();
        Ok(Self { severed: severed.into_iter().map(|(_, severed)| severed).collect(), moved })
    }
}

impl Reencode for Knife {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, Error<Infallible>> {
        Ok(self.moved.get(&index).copied().unwrap_or(index))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for import in section.into_imports() {
            let import = import?;
            if import.module != WASI {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for severed in &self.severed {
            functions.function(severed.type_index);
        }
        utils::parse_function_section(self, functions, section)
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error<Infallible>> {
        for severed in &self.severed {
            code.function(&severed.body());
        }
        utils::parse_code_section(self, code, section)
    }
}

impl Severed {
    /// What the function does instead.
    fn body(&self) -> Function {
        use Instruction::{I32Const, I64Const, I64Store, LocalGet, MemoryFill};
        let store_time = [LocalGet(2), I64Const(TIME), I64Store(at(0, 3))];
        let fill = [LocalGet(0), I32Const(RANDOM), LocalGet(1), MemoryFill(0)];
        let two_zeros = [store_zero(0), store_zero(1)].concat();
        match (self.name.as_str(), self.parameters) {
            ("clock_time_get", 3) => answer(&store_time, SUCCESS),
            ("random_get", 2) => answer(&fill, SUCCESS),
            ("args_sizes_get" | "environ_sizes_get", 2) => answer(&two_zeros, SUCCESS),
            ("args_get" | "environ_get" | "sched_yield", _) => answer(&[], SUCCESS),
            ("fd_write", 4) => write_nowhere(),
            ("fd_prestat_get" | "fd_prestat_dir_name" | "fd_fdstat_get" | "fd_close", _) => {
                answer(&[], NO_FILE)
            }
            _ if self.returns => answer(&[], NO_FUNCTION),
            // Such as `proc_exit`, after which nothing goes on.
            _ => function(0, &[Instruction::Unreachable]),
        }
    }
}

/// A function that does something and returns an error's number.
fn answer(first: &[Instruction<'_>], errno: i32) -> Function {
    function(0, &[first, &[Instruction::I32Const(errno)]].concat())
}

/// `fd_write(fd, iovs, count, written)`: all bytes are taken as written. Each of the `count` entries at `iovs` is an
/// address and a length.
fn write_nowhere() -> Function {
    use Instruction::{
        Br, BrIf, End, I32Add, I32Const, I32Eqz, I32Load, I32Store, I32Sub, LocalGet, LocalSet,
    };
    let (entry, count, written, sum) = (1, 2, 3, 4);
    let body = [
        Instruction::Block(BlockType::Empty),
        Instruction::Loop(BlockType::Empty),
        LocalGet(count),
        I32Eqz,
        BrIf(1),
        LocalGet(sum),
        LocalGet(entry),
        I32Load(at(4, 2)),
        I32Add,
        LocalSet(sum),
        LocalGet(entry),
        I32Const(8),
        I32Add,
        LocalSet(entry),
        LocalGet(count),
        I32Const(1),
        I32Sub,
        LocalSet(count),
        Br(0),
        End,
        End,
        LocalGet(written),
        LocalGet(sum),
        I32Store(at(0, 2)),
        I32Const(SUCCESS),
    ];
    function(1, &body)
}

/// Writes the number 0 to the address in a parameter.
fn store_zero(parameter: u32) -> Vec<Instruction<'static>> {
    vec![Instruction::LocalGet(parameter), Instruction::I32Const(0), Instruction::I32Store(at(0, 2))]
}

/// A place in the module's memory.
const fn at(offset: u64, align: u32) -> MemArg {
    MemArg { offset, align, memory_index: 0 }
}

fn function(locals: u32, body: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([(locals, ValType::I32)]);
    for instruction in body {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{EntityType, ExportKind, ExportSection, MemorySection, MemoryType, TypeSection};
    use wasmparser::{Operator, Payload, Validator};

    use super::*;

    /// A module that imports four functions, two of them from elsewhere, and calls them in their order.
    fn calls_all() -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
        types.ty().function([ValType::I32], []);
        let mut imports = ImportSection::new();
        imports.import(WASI, "random_get", EntityType::Function(0));
        imports.import("contract", "first", EntityType::Function(1));
        imports.import(WASI, "proc_exit", EntityType::Function(1));
        imports.import("contract", "second", EntityType::Function(1));
        let mut functions = FunctionSection::new();
        functions.function(1);
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("run", ExportKind::Func, 4);
        let mut code = CodeSection::new();
        let zero = Instruction::I32Const(0);
        let call = Instruction::Call;
        code.function(&function(
            0,
            &[
                zero.clone(),
                zero.clone(),
                call(0),
                Instruction::Drop,
                zero.clone(),
                call(1),
                zero.clone(),
                call(2),
                zero,
                call(3),
            ],
        ));
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&memories);
        module.section(&exports).section(&code);
        module.finish()
    }

    #[test]
    fn what_is_imported_of_wasi_becomes_the_modules_own() {
        let module = cut_off(&calls_all()).expect("it is a module");
        Validator::new().validate_all(&module).expect("it is valid");
        let (mut imported, mut bodies, mut exported) = (Vec::new(), Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(&module) {
            match payload.expect("it is valid") {
                Payload::ImportSection(section) => {
                    imported.extend(section.into_imports().map(|import| import.expect("it is valid").name));
                }
                Payload::ExportSection(section) => {
                    exported.extend(section.into_iter().map(|export| export.expect("it is valid").index));
                }
                Payload::CodeSectionEntry(body) => {
                    let operators = body.get_operators_reader().expect("it is valid");
                    bodies.push(operators.into_iter().collect::<Result<Vec<_>, _>>().expect("it is valid"));
                }
                _ => {}
            }
        }
        assert_eq!(imported, ["first", "second"]);
        assert_eq!(exported, [4], "the module's own functions stay where they are");
        let called = |operator: &Operator<'_>| match operator {
            Operator::Call { function_index } => Some(*function_index),
            _ => None,
        };
        assert_eq!(bodies.len(), 3);
        assert_eq!(bodies[2].iter().filter_map(called).collect::<Vec<_>>(), [2, 0, 3, 1]);
        assert!(bodies[0].contains(&Operator::MemoryFill { mem: 0 }), "random bytes are written: {bodies:?}");
        assert!(bodies[1].contains(&Operator::Unreachable), "nothing goes on after an exit: {bodies:?}");
    }

    #[test]
    fn a_module_without_wasi_stays_as_it_is() {
        let module = cut_off(&calls_all()).expect("it is a module");
        assert_eq!(cut_off(&module).expect("it is a module"), module);
    }

    #[test]
    fn other_bytes_are_refused() {
        assert!(cut_off(b"\0asm\x01\0\0").is_err());
    }
}
