// Package semelpoll does the work of a consumer that polls, as those of Kafka do, once for each record, however often it is delivered: after
// a rebalance, after a crash before the commit, or by a producer that repeats itself.
//
//	loop, err := semelpoll.New(client, semelpoll.Config[kafka.Message]{
//		Key: func(m kafka.Message) (string, error) { return semelpoll.OffsetKey("billing", m.Topic, m.Partition, m.Offset) },
//		Handle: func(ctx context.Context, m kafka.Message, a *semel.Attempt) (semel.Result, error) {
//			return semel.Result{}, books.Charge(ctx, m.Value, a.Token())
//		},
//	})
//	if err != nil {
//		return err
//	}
//	return loop.Run(ctx, source)
//
// A poll's records are begun in one batch. Those that are acquired are processed, several at a time, while their leases are kept alive; what
// is finished meanwhile is reported together. Records that were done before are skipped. What can be settled neither way, because another
// consumer is at it, an attempt failed or is in doubt, is asked about again, skipped, or stops the loop, as a [Policy] says. When every
// record of the poll is settled, the poll is committed.
//
// # Keys
//
// [OffsetKey] names the place of a record, for one group of consumers: it recognizes redelivery. A key that the producer chose and put into a
// header also recognizes records that were produced twice; prefer it where there is one, and put the group before it: semel.KeyOf("billing",
// header). Offsets begin anew when a topic is made anew: put something of the topic's incarnation into the name then, or wait for the
// namespace's key_retention.
//
// # Stopping
//
// When the context of [Loop.Run] ends, what has begun is brought to its end and recorded, and what has not is given back. The poll is committed
// where all of it is settled by then; else what was settled of it is delivered again, and skipped. If the process dies, leases lapse, and the
// next attempts are told PreviousAbandoned.
//
// # Effects that cannot be recorded
//
// Where Handle has returned a result, and the service does not take the report of it, or gives no answer for the Client's complete timeout
// (semel.WithCompleteTimeout; at most twice that), the record counts as settled all the same, and an error is logged: delivered again, it
// would be processed again. Where another record keeps the poll from being committed, it is delivered again with the others, and where its
// producer sent it twice under a key of its own, the other one comes: these attempts are told PreviousAbandoned.
package semelpoll
