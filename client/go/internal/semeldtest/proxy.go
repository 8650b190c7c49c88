package semeldtest

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy stands between a client and a server, and loses what it is told to: it reads the frames of HTTP/2 (RFC 9113, section 4.1), so that
// it knows when the server has answered.
type Proxy struct {
	// Where clients connect: host:port.
	Address string

	target   string
	listener net.Listener
	done     sync.WaitGroup

	mu           sync.Mutex
	connections  map[net.Conn]struct{}
	spareAnswers int           // how many still come through before
	loseAnswers  int           // how many are still to be lost
	lost         chan struct{} // one for each answer that was lost
	swallows     bool          // forwards nothing of the server's data any more
	refuses      bool          // closes new connections
	accepted     int
}

const (
	frameHeaderBytes = 9
	dataFrame        = 0
)

// StartProxy forwards to the target for the length of the test.
func StartProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), target: target, listener: listener,
		connections: map[net.Conn]struct{}{}, lost: make(chan struct{}, 1024)}
	p.done.Add(1)
	go p.accept()
	t.Cleanup(p.close)
	return p
}

// LoseAnswers makes it break the connection in place of each of the next n messages of the server: the server has answered, and the answer
// never arrives.
func (p *Proxy) LoseAnswers(n int) { p.LoseAnswersAfter(0, n) }

// LoseAnswersAfter is LoseAnswers after some that come through.
func (p *Proxy) LoseAnswersAfter(spared, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spareAnswers, p.loseAnswers = spared, n
}

// Lost has one element for every answer that was lost.
func (p *Proxy) Lost() <-chan struct{} { return p.lost }

// Swallow makes it forward nothing of the server's messages any more, on connections that stay open.
func (p *Proxy) Swallow(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallows = yes
}

// Refuse makes it close new connections at once.
func (p *Proxy) Refuse(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = yes
}

// BreakAll breaks all connections.
func (p *Proxy) BreakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for connection := range p.connections {
		_ = connection.Close() // it may be broken already
	}
}

// Accepted is how many connections came.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.BreakAll()
	p.done.Wait()
}

func (p *Proxy) accept() {
	defer p.done.Done()
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.accepted++
		refused := p.refuses
		p.mu.Unlock()
		server, err := net.Dial("tcp", p.target)
		if err != nil || refused {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.mu.Lock()
		p.connections[client], p.connections[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.done.Add(2)
		go p.forward(client, server, func() { _, _ = io.Copy(server, client) })
		go p.forward(client, server, func() { p.answers(client, server) })
	}
}

// forward copies one way until that breaks, and then breaks both ways.
func (p *Proxy) forward(client, server net.Conn, run func()) {
	defer p.done.Done()
	run()
	_ = client.Close()
	_ = server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.connections, client)
	delete(p.connections, server)
}

func (p *Proxy) answers(client io.Writer, server io.Reader) {
	header := make([]byte, frameHeaderBytes)
	for {
		if _, err := io.ReadFull(server, header); err != nil {
			return
		}
		payload := make([]byte, binary.BigEndian.Uint32(append([]byte{0}, header[:3]...)))
		if _, err := io.ReadFull(server, payload); err != nil {
			return
		}
		isData := header[3] == dataFrame
		switch p.fate(isData) {
		case breakConnection:
			p.lost <- struct{}{}
			return
		case swallow:
			continue
		}
		if _, err := client.Write(append(header[:frameHeaderBytes:frameHeaderBytes], payload...)); err != nil {
			return
		}
	}
}

type fate int

const (
	pass fate = iota
	swallow
	breakConnection
)

func (p *Proxy) fate(isData bool) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.swallows:
		return swallow
	case isData && p.spareAnswers > 0:
		p.spareAnswers--
	case isData && p.loseAnswers > 0:
		p.loseAnswers--
		return breakConnection
	}
	return pass
}
