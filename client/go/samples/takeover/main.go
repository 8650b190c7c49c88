// Command takeover packs the five parcels of a job. Kill it half way and start it again: it goes on where the checkpoint says.
//
//	SEMEL_NAMESPACE=shop takeover -ledger parcels.txt -hang-after 3 7   # then kill -9 it
//	SEMEL_NAMESPACE=shop takeover -ledger parcels.txt 7
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	semel "semel.dev/go"
)

const parcels = 5

type job struct {
	name      string
	ledger    string
	hangAfter int
}

func main() {
	var j job
	flag.StringVar(&j.ledger, "ledger", "parcels.txt", "the warehouse: a line for each parcel")
	flag.IntVar(&j.hangAfter, "hang-after", 0, "hang after so many parcels, to be killed; 0: do not")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: takeover [-ledger FILE] [-hang-after N] JOB")
		os.Exit(2)
	}
	j.name = flag.Arg(0)
	if err := j.run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (j job) run(ctx context.Context) error {
	client, err := semel.New("") // SEMEL_ADDRESS and SEMEL_NAMESPACE
	if err != nil {
		return err
	}
	defer client.Close()
	key, err := semel.KeyOf("job", j.name)
	if err != nil {
		return err
	}
	// Another owner may be silent for a second before it counts as dead; so long, and no longer, this one waits for it to work on.
	outcome, err := semel.Run(ctx, client, key, j.pack, semel.WithLease(time.Second), semel.WithWait(30*time.Second))
	if err != nil {
		return err
	}
	before := ""
	if outcome.Replayed {
		before = " (before)"
	}
	fmt.Printf("job %s: %s%s\n", j.name, outcome.Value, before)
	return nil
}

func (j job) pack(ctx context.Context, a *semel.Attempt) (string, error) {
	packed := 0
	if checkpoint := string(a.Checkpoint()); checkpoint != "" {
		var err error
		if packed, err = strconv.Atoi(checkpoint); err != nil {
			return "", semel.Final("BAD_CHECKPOINT", err.Error())
		}
		fmt.Println("taking over after parcel", packed)
	}
	for packed < parcels {
		line := fmt.Sprintf("job %s parcel %d", j.name, packed+1)
		// The last owner may have packed this one, and died before it saved so.
		isPacked, err := has(j.ledger, line)
		if err != nil {
			return "", err
		}
		if !isPacked {
			if err := appendLine(j.ledger, line); err != nil {
				return "", err
			}
		}
		packed++
		if err := a.Save(ctx, []byte(strconv.Itoa(packed))); err != nil {
			return "", err // not known to be saved; if another has taken over, stop
		}
		fmt.Println("packed parcel", packed)
		if packed == j.hangAfter {
			fmt.Println("hanging: kill -9", os.Getpid())
			<-ctx.Done()
			return "", ctx.Err()
		}
	}
	return fmt.Sprintf("%d parcels packed, at last by attempt %d", parcels, a.Number()), nil
}

func has(path, line string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return strings.Contains("\n"+string(text), "\n"+line+"\n"), err
}

func appendLine(path, line string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(line + "\n"); err != nil {
		_ = file.Close() // the first error counts
		return err
	}
	return file.Close()
}
