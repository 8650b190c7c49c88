#include "client/cli/report.h"

#include <string_view>
#include <variant>

#include "client/cli/bytes_text.h"
#include "client/cli/duration_text.h"

namespace semel::cli {

std::string_view NameOf(State state) {
  switch (state) {
    case State::kInProgress: return "in_progress";
    case State::kInDoubt: return "in_doubt";
    case State::kDone: return "done";
    case State::kFailed: return "failed";
    case State::kExpired: return "expired";
  }
  return "unknown";
}

std::string_view NameOf(Previous previous) {
  switch (previous) {
    case Previous::kNone: return "none";
    case Previous::kAbandoned: return "abandoned";
    case Previous::kFailed: return "failed";
    case Previous::kReleased: return "released";
  }
  return "unknown";
}

namespace {

void AddCheckpoint(const std::string& checkpoint, Facts& facts) {
  if (!checkpoint.empty()) facts.AddBytes("checkpoint", checkpoint);
}

void AddResult(const Result& result, Facts& facts) {
  if (result.omitted) {
    facts.AddFlag("omitted", true);
  } else if (result.payload_left_out) {
    facts.AddSize("payload", result.payload_size);
  } else {
    facts.AddBytes("payload", result.payload);
  }
  if (!result.content_type.empty()) facts.AddText("content_type", result.content_type);
  facts.AddTexts("attributes", result.attributes);
}

void AddFailure(const Failure& failure, Facts& facts) {
  facts.AddText("reason", failure.reason);
  if (!failure.message.empty()) facts.AddText("message", failure.message);
  if (!failure.details.empty()) facts.AddBytes("details", failure.details);
  facts.AddFlag("retryable", failure.retryable);
}

struct ToFacts {
  Facts operator()(const Acquired& acquired) const {
    Facts facts("answer", "acquired");
    facts.AddNumber("token", acquired.token);
    facts.AddNumber("attempt", acquired.attempt);
    facts.AddLength("lease", acquired.lease);
    facts.AddText("previous", NameOf(acquired.previous));
    AddCheckpoint(acquired.checkpoint, facts);
    return facts;
  }
  Facts operator()(const Done& done) const {
    Facts facts("answer", "done");
    AddResult(done.result, facts);
    facts.AddInstant("complete_time", done.complete_time);
    facts.AddInstant("expire_time", done.expire_time);
    return facts;
  }
  Facts operator()(const Failed& failed) const {
    Facts facts("answer", "failed");
    AddFailure(failed.failure, facts);
    facts.AddNumber("attempt", failed.attempt);
    if (failed.retry_after) facts.AddLength("retry_after", *failed.retry_after);
    return facts;
  }
  Facts operator()(const InProgress& in_progress) const {
    Facts facts("answer", "in_progress");
    facts.AddText("owner", in_progress.owner);
    facts.AddNumber("attempt", in_progress.attempt);
    facts.AddLength("lease_remaining", in_progress.lease_remaining);
    facts.AddLength("retry_after", in_progress.retry_after);
    return facts;
  }
  Facts operator()(const InDoubt& in_doubt) const {
    Facts facts("answer", "in_doubt");
    facts.AddText("owner", in_doubt.owner);
    facts.AddInstant("since", in_doubt.since);
    AddCheckpoint(in_doubt.checkpoint, facts);
    return facts;
  }
  Facts operator()(const Expired& expired) const {
    Facts facts("answer", "expired");
    facts.AddInstant("complete_time", expired.complete_time);
    return facts;
  }
};

struct ToAdvice {
  std::string key;

  std::string operator()(const Acquired& acquired) const {
    const std::string token = std::to_string(acquired.token);
    return (acquired.previous == Previous::kAbandoned
                ? std::string("An earlier owner fell silent: find out whether the work was done before you do it.\n")
                : std::string("Do the work now, within the lease.\n")) +
           "Then: semel complete " + key + " --token " + token + " --result TEXT\n" + "  or: semel complete " + key +
           " --token " + token + " --failure REASON\n";
  }
  std::string operator()(const Done&) const { return "Do nothing: the work was done before.\n"; }
  std::string operator()(const Failed& failed) const {
    if (!failed.retry_after) return "Do nothing: the failure is final. For another request, use another key.\n";
    return "Ask again in " + FormatDuration(*failed.retry_after) + ".\n";
  }
  std::string operator()(const InProgress&) const {
    return "Do nothing. Wait for the result: semel begin " + key + " --wait 30s\n";
  }
  std::string operator()(const InDoubt&) const {
    return "Do nothing. Find out whether the work was done; who knows the attempt's token can complete it.\n"
           "An operator settles it with: semel resolve " +
           key + " --reason WHY, and a verdict (semel resolve --help)\n";
  }
  std::string operator()(const Expired&) const { return "Do nothing: the work was done, its result is gone.\n"; }
};

}  // namespace

Facts FactsOf(const BeginAnswer& answer) { return std::visit(ToFacts(), answer); }

Facts FactsOf(const Completed& completed) {
  Facts facts("state", NameOf(completed.state));
  facts.AddInstant("expire_time", completed.expire_time);
  facts.AddFlag("already_applied", completed.already_applied);
  facts.AddFlag("made_final", completed.made_final);
  return facts;
}

Facts FactsOf(const Record& record) {
  Facts facts("state", NameOf(record.state));
  facts.AddNumber("attempt", record.attempt);
  facts.AddText("owner", record.owner);
  facts.AddText("previous", NameOf(record.previous));
  if (record.state == State::kInProgress) facts.AddLength("lease_remaining", record.lease_remaining);
  if (record.in_doubt_since) facts.AddInstant("in_doubt_since", *record.in_doubt_since);
  if (record.effects_began) facts.AddFlag("effects_began", true);
  AddCheckpoint(record.checkpoint, facts);
  if (const auto* result = std::get_if<Result>(&record.outcome)) AddResult(*result, facts);
  if (const auto* failure = std::get_if<Failure>(&record.outcome)) AddFailure(*failure, facts);
  if (!record.fingerprint.empty()) facts.AddHex("fingerprint", record.fingerprint);
  facts.AddInstant("create_time", record.create_time);
  if (record.complete_time) facts.AddInstant("complete_time", *record.complete_time);
  if (record.expire_time) facts.AddInstant("expire_time", *record.expire_time);
  facts.AddInstant("forget_time", record.forget_time);
  return facts;
}

std::string AdviceOn(const BeginAnswer& answer, const std::string& key) {
  return std::visit(ToAdvice{.key = ShellQuoted(key)}, answer);
}

}  // namespace semel::cli
