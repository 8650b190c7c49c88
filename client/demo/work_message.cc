#include "client/demo/work_message.h"

#include <utility>

namespace semel::demo {
namespace {

using Json = nlohmann::ordered_json;

// What a person sees when reading along; the order is that of the enumerators.
NLOHMANN_JSON_SERIALIZE_ENUM(Hold, {{Hold::kNone, "none"},
                                    {Hold::kBeforeEffect, "before_effect"},
                                    {Hold::kAfterEffect, "after_effect"},
                                    {Hold::kUntilResumed, "until_resumed"}})

using What = Report::What;

constexpr std::pair<What, const char*> kWhats[] = {
    {What::kHolding, "holding"},    {What::kPlaced, "placed"},   {What::kFoundPlaced, "found_placed"},
    {What::kReplayed, "replayed"},  {What::kRefused, "refused"}, {What::kInProgress, "in_progress"},
    {What::kInDoubt, "in_doubt"},   {What::kFenced, "fenced"},   {What::kNotPlaced, "not_placed"},
    {What::kNoAnswer, "no_answer"},
};

std::string NameOf(What what) {
  for (const auto& [value, name] : kWhats) {
    if (value == what) return name;
  }
  return "no_answer";
}

What WhatOf(const std::string& text) {
  for (const auto& [value, name] : kWhats) {
    if (name == text) return value;
  }
  return What::kNoAnswer;
}

absl::Status Unreadable(const std::string& line, const Json::exception& error) {
  return absl::InvalidArgumentError("cannot read \"" + line + "\": " + error.what());
}

}  // namespace

std::string ToLine(const Job& job) {
  Json json = {{"request", job.request}, {"resume", job.resume}};
  Json hold;
  to_json(hold, job.hold);
  json["hold"] = hold;
  if (job.order) json["order"] = job.order->content;
  return json.dump();
}

std::string ToLine(const Report& report) {
  const Json json = {{"request", report.request},
                     {"what", NameOf(report.what)},
                     {"took_over", report.took_over},
                     {"text", report.text},
                     {"checkpoint", report.checkpoint}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Job> ParseJob(const std::string& line) try {
  const Json json = Json::parse(line);
  Job job{.request = json.at("request"), .resume = json.at("resume")};
  from_json(json.at("hold"), job.hold);
  if (json.contains("order")) {
    absl::StatusOr<Order> order = ParseOrder(json.at("order"));
    if (!order.ok()) return order.status();
    job.order = *std::move(order);
  }
  return job;
} catch (const Json::exception& error) {
  return Unreadable(line, error);
}

absl::StatusOr<Report> ParseReport(const std::string& line) try {
  const Json json = Json::parse(line);
  return Report{.request = json.at("request"),
                .what = WhatOf(json.at("what")),
                .took_over = json.at("took_over"),
                .text = json.at("text"),
                .checkpoint = json.at("checkpoint")};
} catch (const Json::exception& error) {
  return Unreadable(line, error);
}

std::string ToText(const CardCheckpoint& checkpoint) {
  return Json({{"worker", checkpoint.worker}, {"token", checkpoint.token}}).dump();
}

absl::StatusOr<CardCheckpoint> ParseCardCheckpoint(const std::string& text) try {
  const Json json = Json::parse(text);
  return CardCheckpoint{.worker = json.at("worker"), .token = json.at("token")};
} catch (const Json::exception& error) {
  return Unreadable(text, error);
}

}  // namespace semel::demo
