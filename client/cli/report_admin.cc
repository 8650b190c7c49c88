#include "client/cli/report.h"

namespace semel::cli {

Facts FactsOf(const ListedKey& key) {
  Facts facts = FactsOf(key.record);
  facts.AddNumber("checkpoint_size", key.checkpoint_size);
  facts.PutFirst("key", key.key);
  facts.PutFirst("namespace", key.namespace_name);
  return facts;
}

Facts FactsOf(const Resolved& resolved) {
  Facts facts("state", resolved.state ? NameOf(*resolved.state) : "absent");
  if (resolved.expire_time) facts.AddInstant("expire_time", *resolved.expire_time);
  facts.AddFlag("already_applied", resolved.already_applied);
  return facts;
}

Facts FactsOf(const CreatedBackup& created) {
  Facts facts("answer", "backed_up");
  facts.AddNumber("id", created.backup.id);
  facts.AddSize("size", created.backup.size_bytes);
  facts.AddSize("copied", created.copied_bytes);
  facts.AddLength("duration", created.duration);
  facts.AddInstant("create_time", created.backup.create_time);
  facts.AddNumber("backups_kept", created.backups_kept);
  return facts;
}

}  // namespace semel::cli
