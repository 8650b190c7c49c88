#!/usr/bin/env bash
# Shows that the simulation would notice a broken rule: copies the tree, breaks one rule at a time in the copy, and expects the
# simulation to fail. Builds once for each, so ./dev test does not run it.
#
#   tests/simulation/break_rules.sh                    every rule below
#   tests/simulation/break_rules.sh stale_token ...    only these
#
# A rule whose code has moved is an error here: put the new place into its line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# name | simulation | files | sed script | what is broken
rules=(
  'stale_token|memory|server/engine/decide*.cc|s/record->token != complete.token/false/|Complete takes any token (rule 4)'
  'fingerprint_when_done|memory|server/engine/decide*.cc|s/begin.fingerprint != record->fingerprint) {/begin.fingerprint != record->fingerprint \&\& record->state != State::kDone) {/|the fingerprint is not compared in DONE (rule 2)'
  'new_token_for_retry|memory|server/engine/decide*.cc|/^Decision AcquireAgain/,/^}/s/Record next = record;/&\n  next.token = context.fresh_token;/|the same attempt id gets a new token (rule 3)'
  'two_waiters_acquire|memory|server/engine/batch.cc|/^void Batch::WakeWaiters/,/^}/s/Reply reply = DecideOver(.waiter);/const auto before = overlay_.at(key).record;\n    &\n    if (std::holds_alternative<Acquired>(reply)) overlay_.at(key).record = before;/|every waiter acquires (rule 14)'
  'waiter_misses_lapse|memory|server/engine/batch.cc|/^bool Batch::Park/,/^}/s/waiters_.SetLapse(/if (false) &/|a waiter is not woken when the lease lapses (rule 14)'
  'conflicting_outcome|memory|server/engine/decide*.cc|s/record->outcome_digest != complete.outcome_digest/false/|another outcome with the same token is called already applied (rule 5)'
  'conflicting_resolve|memory|server/engine/decide*.cc|s/record.outcome_digest != resolve.outcome_digest/false/|another outcome is called already applied to an operator'
  'effects_forgotten|memory|server/engine/decide*.cc|s/return record.effects_began ||/return/|effects_began does not lead to doubt (rule 9)'
  'lease_ends_late|memory|server/engine/decide*.{cc,h}|s/now >= LeaseEnd(record)/now > LeaseEnd(record)/|a lease lapses one microsecond late'
  'kept_too_long|memory|server/engine/decide*.cc|s/context.now >= ForgetTime(.record)/context.now > ForgetTime(*record)/|a record is forgotten one microsecond late (rule 11)'
  'tokens_fall|memory|storage/clock.cc|s/boot_time_(std::max(source.Wall(), last.high_water))/boot_time_(source.Wall())/|the clock follows the wall clock back at a restart (rule 13)'
  'leases_cut_short|memory|server/engine/committer.cc|s/if (next) honoured.push_back/if (false) honoured.push_back/|an outage robs live owners (rule 13)'
  'batch_not_in_order|memory|server/engine/batch.cc|/^Reply Batch::DecideOver/,/^}/s/slot.record = std::move(decision.write);/if (!slot.dirty) &/|only the first write of a batch to a key counts (rule 18)'
  'finished_comes_back|rocksdb|storage/rocksdb/expiry_filter.cc|s/ && header->version < trimmed_//|a settled record is dropped before the journal is trimmed past it'
  'open_key_lost|rocksdb|storage/rocksdb/open_journal.cc|/^void OpenJournal::Stage(const Trim/,/^}/s/for (const OpenSet::Node. node : trim.stragglers).*/(void)position;/|a trim of the journal drops open keys that hold it back'
  'deleted_comes_back|rocksdb|storage/rocksdb/rocksdb_storage.cc|/^void RocksDbStorage::StageSettled/,/^}/s/batch_.Put(database_->settled(), encoded_key, .*/if (mutation.record.state != State::kVacant) &/|deleting writes no tombstone'
  'no_sync|rocksdb|storage/rocksdb/rocksdb_storage.cc|s/status = (.database_)->SyncWAL();/status = rocksdb::Status::OK();/|a commit is not synced'
)

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
export CCACHE_BASEDIR=$copy CCACHE_NOHASHDIR=1
export SEMEL_SIM_SEEDS=${SEMEL_SIM_SEEDS:-40}

git ls-files -z --cached --others --exclude-standard |
  while IFS= read -r -d '' file; do if [[ -e $file ]]; then printf '%s\0' "$file"; fi; done |
  tar --null --files-from=- --create | tar --extract --directory "$copy"
(cd "$copy" && cmake --preset dev >configure.log) || { cat "$copy/configure.log" && exit 1; }

build() {
  cmake --build "$copy/build/dev" --parallel "${SEMEL_JOBS:-2}" --target "$1_simulation_test" >"$copy/build.log" 2>&1 ||
    { grep -m 5 'error' "$copy/build.log" && return 1; }
}
simulate() { "$copy/build/dev/tests/simulation/$1_simulation_test" >"$copy/run.log" 2>&1; }

for simulation in memory rocksdb; do
  build "$simulation"
  SEMEL_SIM_SEEDS=2 simulate "$simulation" || { cat "$copy/run.log" && echo "fails with nothing broken" && exit 1; }
done

unnoticed=0
for rule in "${rules[@]}"; do
  IFS='|' read -r name simulation files script what <<<"${rule//||/@or@}"
  script=${script//@or@/||}
  (($#)) && [[ " $* " != *" $name "* ]] && continue
  printf '%-22s %s\n' "$name" "$what"

  rm -rf "$copy/unbroken" && mkdir "$copy/unbroken"
  changed=0
  for file in $(cd "$copy" && eval "ls $files"); do
    mkdir -p "$copy/unbroken/$(dirname "$file")" && cp -p "$copy/$file" "$copy/unbroken/$file"
    sed -i "$script" "$copy/$file"
    if cmp -s "$copy/$file" "$copy/unbroken/$file"; then cp -p "$copy/unbroken/$file" "$copy/$file"; else changed=1; fi
  done
  ((changed)) || { echo "  its code has moved: mend its line in $0" && exit 1; }
  build "$simulation" || { echo "  does not compile when broken: mend its line in $0" && exit 1; }
  if simulate "$simulation"; then
    unnoticed=$((unnoticed + 1))
    echo "  NOT NOTICED"
  else
    sed -n 's/ shows it again$//; /^SEMEL_SIM_SEED=/{s/^/  /p;n;s/^/  /p}' "$copy/run.log"
    grep -q '^SEMEL_SIM_SEED=' "$copy/run.log" || tail -n 5 "$copy/run.log"
  fi
  cp -r "$copy/unbroken/." "$copy/"  # with new times, so that they are built again
done
((unnoticed == 0)) || { echo "$unnoticed broken rules were not noticed" && exit 1; }
