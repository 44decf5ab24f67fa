// Command server runs a real Kubernetes API server for custom resources, with a real etcd behind it.
//
//	server ETCD
//
// starts the etcd program ETCD and the server, both on free ports of this machine, prints the server's URL as one line,
// and runs until its standard input ends. It serves everybody, without authentication or encryption: for tests only.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

const patience = time.Minute

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: server ETCD")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run(etcd string) error {
	scratch, err := os.MkdirTemp("", "apiserver")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	storeURL, stopEtcd, err := startEtcd(etcd, scratch)
	if err != nil {
		return err
	}
	defer stopEtcd()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	url := "http://" + listener.Addr().String()
	server, err := newAPIServer(storeURL, url)
	if err != nil {
		return err
	}
	prepared := server.PrepareRun()
	ended := make(chan error, 3)
	go func() { ended <- http.Serve(listener, server.Handler) }()
	go func() { ended <- prepared.Run(nil) }()
	if err := await(url + "/readyz"); err != nil {
		return err
	}
	fmt.Println(url)

	// Nothing is worth keeping, so nothing is shut down in good order but etcd.
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	return <-ended
}

// startEtcd gives the URL of a store whose data lie in the folder, and what stops it.
func startEtcd(program, folder string) (string, func(), error) {
	// etcd does not tell a port that it chose itself.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	url := "http://" + listener.Addr().String()
	listener.Close()

	etcd := exec.Command(program, "--data-dir", folder+"/etcd", "--listen-client-urls", url, "--advertise-client-urls", url,
		"--listen-peer-urls", "http://127.0.0.1:0", "--log-level", "error")
	etcd.Stderr = os.Stderr
	if err := etcd.Start(); err != nil {
		return "", nil, err
	}
	stop := func() {
		_ = etcd.Process.Kill()
		_ = etcd.Wait()
	}
	if err := await(url + "/health"); err != nil {
		stop()
		return "", nil, err
	}
	return url, stop, nil
}

// await returns when the URL answers with 200.
func await(url string) error {
	last := errors.New("no time to ask")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(url)
		if err != nil {
			last = err
			continue
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		last = fmt.Errorf("%s: %s", answer.Status, body)
	}
	return fmt.Errorf("%s is not ready after %s: %w", url, patience, last)
}
