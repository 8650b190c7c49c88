// Command queueworker charges the orders of a queue, each once, although the queue delivers some twice and workers die half way. The queue
// is a directory, a message is a file in it: {"order": "17", "cents": 1250}. Start as many workers as you like; each ends when the queue is
// empty.
//
//	SEMEL_NAMESPACE=shop queueworker -queue messages -ledger charges.txt
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	semel "semel.dev/go"
)

// Message is what the queue delivers.
type Message struct {
	Order string `json:"order"`
	Cents int    `json:"cents"`
}

type worker struct {
	client *semel.Client
	queue  string
	ledger string
	work   time.Duration // how long the bank takes
}

func main() {
	var w worker
	flag.StringVar(&w.queue, "queue", "messages", "directory with a file for each message")
	flag.StringVar(&w.ledger, "ledger", "charges.txt", "the bank: a line for each charge")
	flag.DurationVar(&w.work, "work", 10*time.Millisecond, "how long the bank takes")
	flag.Parse()
	if err := w.drain(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// drain works until the queue is empty.
func (w *worker) drain(ctx context.Context) error {
	client, err := semel.New("", semel.WithLease(time.Second)) // SEMEL_ADDRESS and SEMEL_NAMESPACE
	if err != nil {
		return err
	}
	defer client.Close()
	w.client = client
	for {
		messages, err := filepath.Glob(filepath.Join(w.queue, "*.json"))
		if err != nil || len(messages) == 0 {
			return err
		}
		rand.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
		pause := time.Duration(0)
		for _, message := range messages {
			busy, err := w.deliver(ctx, message)
			if err != nil {
				return err
			}
			pause = max(pause, busy)
		}
		time.Sleep(min(pause, time.Second)) // others are at what is left
	}
}

// deliver processes one message and takes it out of the queue, or answers when to come back to it.
func (w *worker) deliver(ctx context.Context, file string) (comeBack time.Duration, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // another worker has done it meanwhile
	}
	if err != nil {
		return 0, err
	}
	var message Message
	if err := json.Unmarshal(text, &message); err != nil {
		return 0, move(file, "rejected")
	}
	key, err := semel.KeyOf("order", message.Order) // the producer's name for it: the same for each of its deliveries
	if err != nil {
		return 0, move(file, "rejected")
	}
	_, err = semel.Run(ctx, w.client, key, func(_ context.Context, a *semel.Attempt) (string, error) {
		return w.charge(message, a)
	})
	var running *semel.AlreadyRunningError
	var failed *semel.EffectFailedError
	var doubt *semel.InDoubtError
	switch {
	case errors.As(err, &running):
		return running.RetryAfter, nil
	case errors.As(err, &failed) && failed.Failure.Retryable:
		return failed.RetryAfter, nil
	case errors.As(err, &failed):
		return 0, move(file, "rejected")
	case errors.As(err, &doubt):
		return 0, move(file, "doubtful") // for a person
	case err != nil:
		return 0, err // the message stays, for the next start
	}
	return 0, acknowledge(file)
}

func (w *worker) charge(message Message, a *semel.Attempt) (string, error) {
	if message.Cents <= 0 {
		return "", semel.Final("NO_AMOUNT", "an order has to cost something")
	}
	line := "charge " + message.Order
	if a.Previous() == semel.PreviousAbandoned {
		// A worker fell silent: it may have charged the order, or not.
		switch found, err := has(w.ledger, line); {
		case err != nil:
			return "", err
		case found:
			fmt.Println("found", message.Order)
			return "charged by a worker that died", nil
		}
	}
	fmt.Println("charging", message.Order)
	time.Sleep(w.work)
	if err := appendLine(w.ledger, line); err != nil {
		return "", err
	}
	fmt.Println("charged", message.Order)
	return "charged", nil
}

func has(path, line string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return strings.Contains("\n"+string(text), "\n"+line+"\n"), err
}

func acknowledge(file string) error {
	if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // another worker was faster
}

func move(file, into string) error {
	directory := filepath.Join(filepath.Dir(file), into)
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	if err := os.Rename(file, filepath.Join(directory, filepath.Base(file))); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // another worker was faster
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(line + "\n")
	if closed := file.Close(); err == nil {
		err = closed
	}
	return semel.WithVerdict(err, semel.Unknown{}) // the line may be there, in whole or in part
}
