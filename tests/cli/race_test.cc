// Two machines' worth of processes, all after the same keys.

#include <algorithm>
#include <map>
#include <set>

#include "tests/cli/run_fixture.h"

namespace semel {
namespace {

constexpr int kProcesses = 20;
constexpr int kKeys = 20;
constexpr int kKeysOfEach = 5;  // every key is wanted by five of them

TEST_F(RunTest, EveryEffectHappensOnceAndAllGetTheSameAnswer) {
  std::vector<std::unique_ptr<demo::ChildProcess>> processes;
  for (int process = 0; process < kProcesses; ++process) {
    std::string keys;
    for (int i = 0; i < kKeysOfEach; ++i) keys += " k" + std::to_string((process + i * kKeys / kKeysOfEach) % kKeys);
    const std::string script =
        "for key in" + keys +
        "; do $SEMEL run --quiet --key $key --wait 2m -- "
        "sh -c 'echo $SEMEL_KEY >>$T/effects; echo $SEMEL_KEY by $$' >>$T/answers || exit 1; done";
    processes.push_back(demo::ChildProcess::Start({"/bin/sh", "-c", script}, directory() + "/err").value());
  }
  for (const auto& process : processes) EXPECT_EQ(process->Wait(), 0) << File("err");

  std::map<std::string, int> effects;
  std::istringstream lines(File("effects"));
  for (std::string key; std::getline(lines, key);) ++effects[key];
  EXPECT_EQ(effects.size(), static_cast<size_t>(kKeys));
  for (const auto& [key, count] : effects) EXPECT_EQ(count, 1) << key;

  std::map<std::string, int> answers;
  std::istringstream answer_lines(File("answers"));
  for (std::string answer; std::getline(answer_lines, answer);) ++answers[answer];
  EXPECT_EQ(answers.size(), static_cast<size_t>(kKeys));  // no key has two different ones
  for (const auto& [answer, count] : answers) EXPECT_EQ(count, kProcesses * kKeysOfEach / kKeys) << answer;
}

}  // namespace
}  // namespace semel
