#include "tests/simulation/history.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/engine/describe.h"

namespace semel::simulation {
namespace {

constexpr size_t kRemembered = 2000;
constexpr size_t kTold = 40;
constexpr size_t kLineBytes = 300;

}  // namespace

void History::Note(int64_t step, storage::Time now, const Call& call) {
  Add({.step = step,
       .now = now,
       .key = call.key,
       .call = call.number,
       .client = call.client,
       .request = call.request,
       .answer = call.answer});
}

void History::Note(int64_t step, storage::Time now, const char* what) { Add({.step = step, .now = now, .what = what}); }

void History::Add(Event event) {
  if (events_.size() == kRemembered) events_.pop_front();
  events_.push_back(std::move(event));
}

std::string History::Tell(const storage::Key& key) const {
  std::vector<std::string> lines;
  for (auto event = events_.rbegin(); event != events_.rend() && lines.size() < kTold; ++event) {
    const std::string when = absl::StrCat("step ", event->step, " ", engine::Describe(event->now), " ");
    if (event->what != nullptr) {
      lines.push_back(absl::StrCat(when, event->what));
    } else if (event->key == key || key.name.empty()) {
      lines.push_back(absl::StrCat(when, "client ", event->client, " call ", event->call, ": ",
                                   engine::Describe(event->request), " -> ",
                                   event->answer ? engine::Describe(*event->answer) : "waits"));
      if (lines.back().size() > kLineBytes)
        lines.back().replace(kLineBytes / 2, lines.back().size() - kLineBytes, "...");
    }
  }
  return absl::StrJoin(lines.rbegin(), lines.rend(), "\n");
}

}  // namespace semel::simulation
