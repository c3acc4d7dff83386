// Command etcd is the server of etcd, under the name that it is known by: its own main package is called after its folder.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
