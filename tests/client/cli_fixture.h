// The real `semel` against a real server: what it prints, and what it exits with.

#ifndef SEMEL_TESTS_CLIENT_CLI_FIXTURE_H_
#define SEMEL_TESTS_CLIENT_CLI_FIXTURE_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "client/cli/exit_code.h"
#include "client/demo/child_process.h"
#include "tests/client/server_fixture.h"

namespace semel {

using cli::ExitCode;
using nlohmann::json;

struct Ran {
  ExitCode exit_code{};
  std::string out;
  std::string err;

  json as_json() const { return json::parse(out); }
};

class CliTest : public ServerTest {
 protected:
  CliTest() {
    setenv("SEMEL_ADDRESS", server().address().c_str(), 1);
    setenv("SEMEL_NAMESPACE", "shop", 1);
  }

  Ran Semel(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), SEMEL_PATH);
    const std::string errors = directory() + "/stderr";
    std::filesystem::remove(errors);
    const auto process = demo::ChildProcess::Start(arguments, errors).value();
    if (!input.empty()) process->WriteLine(input);
    process->CloseInput();
    Ran ran;
    while (const auto line = process->ReadLine(Patience())) ran.out += *line + "\n";
    ran.exit_code = static_cast<ExitCode>(process->Wait());
    ran.err = ContentOf(errors);
    return ran;
  }

  static std::string ContentOf(const std::string& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string BeginAndGetToken(const std::string& key) {
    return std::to_string(Semel({"begin", key, "--output", "json"}).as_json().at("token").get<int64_t>());
  }
};

}  // namespace semel

#endif  // SEMEL_TESTS_CLIENT_CLI_FIXTURE_H_
