package semel

import (
	"context"
	"time"

	"semel.dev/go/semelv1"
)

// How long a backup may take where the request does not say.
const defaultBackupTimeout = time.Hour

// A Backup is one that is on disk.
type Backup struct {
	// From 1; `semel restore --backup` takes it.
	ID int64
	// Of the machine's wall clock, in whole seconds.
	CreateTime time.Time
	// Of all files that belong to it.
	SizeBytes int64
}

// CreateBackupRequest asks for a backup.
type CreateBackupRequest struct {
	// Why, for the audit log: at most 512 bytes of UTF-8.
	Reason string
	// Who asked, for the audit log: 1 to 128 bytes of UTF-8. Required.
	Actor string
	// How long to wait for it, in place of [WithCallTimeout]. Zero: an hour. A server that is still at it then goes on, and refuses the next
	// backup until it is done.
	Timeout time.Duration
}

// A CreatedBackup is on disk.
type CreatedBackup struct {
	Backup Backup
	// What had to be copied for it; the rest was there from earlier backups.
	CopiedBytes int64
	// How long it took.
	Duration time.Duration
	// How many the directory holds now.
	BackupsKept int
}

// CreateBackup backs up all that was acknowledged before the call, while the server goes on, into the directory of its configuration. Answers
// when the backup is on disk. Not repeated after a lost answer: it would make another one.
// Errors: ErrBackupNotConfigured, ErrBackupRunning (with Error.RetryDelay), ErrBackupFailed (no backup was added; the message says what to
// mend).
func (a *AdminClient) CreateBackup(ctx context.Context, request CreateBackupRequest) (*CreatedBackup, error) {
	const call = "CreateBackup"
	if request.Timeout < 0 {
		return nil, refusedHere(call, ErrFieldInvalid, FieldViolation{"timeout", "must not be negative"})
	}
	if request.Timeout == 0 {
		request.Timeout = defaultBackupTimeout
	}
	plan := callPlan{call: call, total: request.Timeout, perTry: request.Timeout, repeat: repeatAnew}
	response, err := plannedAdminCall(ctx, a, plan, a.stub.CreateBackup,
		&semelv1.CreateBackupRequest{Reason: request.Reason, Actor: request.Actor})
	if err != nil {
		return nil, err
	}
	created := &CreatedBackup{CopiedBytes: response.GetCopiedBytes(), Duration: durationFrom(response.GetDuration()),
		BackupsKept: int(response.GetBackupsKept())}
	if backup := backupFrom(response.GetBackup()); backup != nil {
		created.Backup = *backup
	}
	return created, nil
}

func backupFrom(wire *semelv1.Backup) *Backup {
	if wire == nil {
		return nil
	}
	return &Backup{ID: wire.GetId(), CreateTime: timeFrom(wire.GetCreateTime()), SizeBytes: wire.GetSizeBytes()}
}
