// `semel run` as a script uses it, against a server of the test's own.

#ifndef SEMEL_TESTS_CLI_RUN_FIXTURE_H_
#define SEMEL_TESTS_CLI_RUN_FIXTURE_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/run/run_exit_code.h"
#include "client/demo/child_process.h"
#include "tests/client/server_fixture.h"

namespace semel {

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string ContentOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// Whether a process has ended; nobody may have reaped it.
inline bool Ended(const std::string& pid) {
  const std::string stat = ContentOf("/proc/" + pid + "/stat");
  const size_t state = stat.rfind(") ");
  return state == std::string::npos || stat[state + 2] == 'Z';
}

class RunTest : public ServerTest {
 protected:
  using Words = std::vector<std::string>;

  RunTest() {
    setenv("SEMEL_ADDRESS", server().address().c_str(), 1);
    setenv("SEMEL_NAMESPACE", "shop", 1);
    setenv("SEMEL", SEMEL_PATH, 1);  // for commands
    setenv("T", directory().c_str(), 1);
    if (mkfifo((directory() + "/gate").c_str(), 0600) != 0) std::abort();
    gate_ = open((directory() + "/gate").c_str(), O_RDWR | O_CLOEXEC);
  }
  ~RunTest() override { close(gate_); }

  // A semel that runs on; its stdout is read with ReadLine.
  struct Started {
    std::unique_ptr<demo::ChildProcess> process;
    std::string err_file;

    std::string Line() { return process->ReadLine(Patience()).value_or("(no line)"); }
    std::string Err() const { return ContentOf(err_file); }
    int Wait() { return process->Wait(); }
  };

  Started Start(Words words) {
    const std::string err_file = directory() + "/err" + std::to_string(count_++);
    words.insert(words.begin(), {SEMEL_PATH, "run"});
    return {.process = demo::ChildProcess::Start(words, err_file).value(), .err_file = err_file};
  }

  // Any program with arguments, to its end.
  Ran RunProgram(Words words, const std::string& input = "") {
    const std::string name = directory() + "/ran" + std::to_string(count_++);
    words.insert(words.begin(), {"/bin/sh", "-c", "out=$0; exec \"$@\" >\"$out\"", name + ".out"});
    const auto process = demo::ChildProcess::Start(words, name + ".err").value();
    if (!input.empty()) process->WriteLine(input);
    process->CloseInput();
    const int exit_code = process->Wait();
    return {.exit_code = exit_code, .out = ContentOf(name + ".out"), .err = ContentOf(name + ".err")};
  }
  Ran Run(Words words, const std::string& input = "") {
    words.insert(words.begin(), {SEMEL_PATH, "run"});
    return RunProgram(std::move(words), input);
  }
  Ran Shell(const std::string& script) { return RunProgram({"/bin/sh", "-c", script}); }

  // Commands that wait for it run "read x <$T/gate".
  void OpenGate() {
    if (write(gate_, "\n", 1) != 1) std::abort();
  }

  Record Lookup(const std::string& key) {
    const auto record = Direct()->Lookup(key);
    EXPECT_TRUE(record.ok() && record->has_value()) << key << ": " << record.status();
    return record.ok() && record->has_value() ? **record : Record();
  }
  std::string File(const std::string& name) const { return ContentOf(directory() + "/" + name); }

 private:
  int gate_ = -1;
  int count_ = 0;
};

}  // namespace semel

#endif  // SEMEL_TESTS_CLI_RUN_FIXTURE_H_
