// What the real binary refuses before anything is sent: values that are none.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli_fixture.h"

namespace semel {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

using CliValuesTest = CliTest;

TEST_F(CliValuesTest, AnEmptyValueDoesNotFallBackToTheEnvironment) {
  BeginAndGetToken("k");
  const std::vector<std::vector<std::string>> wrong = {
      {"delete", "k", "-n", "", "--reason", "r", "--yes"},
      {"delete", "k", "--namespace=", "--reason", "r", "--yes"},
      {"delete", "k", "--address", "", "--reason", "r", "--yes"},
      {"resolve", "k", "--failure", "", "--reason", "r"},
      {"resolve", "k", "--result-file", "", "--reason", "r"},
      {"complete", "k", "--token", "", "--result", "r"},
      {"begin", ""},
      {"list", "--prefix", ""},
  };
  for (const auto& arguments : wrong) {
    const Ran ran = Semel(arguments);
    EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
    EXPECT_THAT(ran.err, HasSubstr("the value is empty")) << testing::PrintToString(arguments);
  }
  EXPECT_EQ(static_cast<int>(Semel({"run", "--key", "r", "-n", "", "--", "true"}).exit_code), 200);
  EXPECT_EQ(static_cast<int>(Semel({"run", "--key", "r", "--namespace=", "--", "true"}).exit_code), 200);
  EXPECT_EQ(Semel({"lookup", "k", "-o", "json"}).as_json().at("state"), "in_progress");
}

TEST_F(CliValuesTest, AnEmptyTextIsAResult) {
  EXPECT_EQ(Semel({"complete", "k", "--token", BeginAndGetToken("k"), "--result", ""}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"begin", "k"}).exit_code, ExitCode::kDone);
}

TEST_F(CliValuesTest, ATextIsUtf8) {
  const std::string bytes = "caf\xE9";
  const std::string token = BeginAndGetToken("k");
  const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
      {"KEY", {"begin", bytes}},
      {"KEY", {"lookup", bytes}},
      {"--key", {"release", bytes, "--token", "1"}},
      {"--namespace", {"lookup", "k", "-n", bytes}},
      {"--namespace", {"-n", bytes, "lookup", "k"}},
      {"--owner", {"begin", "k", "--owner", bytes}},
      {"--failure", {"complete", "k", "--token", token, "--failure", bytes}},
      {"--message", {"complete", "k", "--token", token, "--failure", "F", "--message", bytes}},
      {"--content-type", {"complete", "k", "--token", token, "--result", "r", "--content-type", bytes}},
      {"--attribute", {"complete", "k", "--token", token, "--result", "r", "--attribute", "a=" + bytes}},
      {"--reason", {"delete", "k", "--yes", "--reason", bytes}},
      {"--actor", {"delete", "k", "--yes", "--reason", "r", "--actor", bytes}},
      {"--prefix", {"list", "--prefix", bytes}},
      {"--address", {"stats", "--address", bytes}},
  };
  for (const auto& [option, arguments] : wrong) {
    const Ran ran = Semel(arguments);
    EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("semel: " + option + ": the value is not UTF-8: "), HasSubstr("caf\\xe9\"")))
        << testing::PrintToString(arguments);
  }
  EXPECT_EQ(Semel({"lookup", "k", "-o", "json"}).as_json().at("state"), "in_progress");

  setenv("SEMEL_NAMESPACE", bytes.c_str(), 1);
  const Ran ran = Semel({"lookup", "k"});
  EXPECT_EQ(ran.exit_code, ExitCode::kUsage);
  EXPECT_THAT(ran.err, HasSubstr("SEMEL_NAMESPACE: the value is not UTF-8"));
}

TEST_F(CliValuesTest, BytesAreBytesAndFilesAreCalledAnything) {
  const std::string bytes = "caf\xE9";
  EXPECT_EQ(Semel({"complete", "k", "--token", BeginAndGetToken("k"), "--result", bytes}).exit_code, ExitCode::kOk);
  EXPECT_EQ(Semel({"begin", "k", "-o", "json"}).as_json().at("payload_base64"), "Y2Fm6Q==");
  EXPECT_EQ(Semel({"begin", "f", "--fingerprint", bytes}).exit_code, ExitCode::kOk);
  const std::string file = directory() + "/" + bytes;
  std::ofstream(file) << "r";
  EXPECT_EQ(Semel({"complete", "g", "--token", BeginAndGetToken("g"), "--result-file", file}).exit_code, ExitCode::kOk);
}

TEST_F(CliValuesTest, AnAddressIsHostAndPort) {
  setenv("GRPC_DNS_RESOLVER", "native", 1);  // Debian's c-ares leaks ten bytes for every localhost
  const std::string port = server().address().substr(server().address().rfind(':') + 1);
  for (const std::string& address : {"localhost:" + port, "dns:///localhost:" + port, "dns:localhost:" + port,
                                     "ipv4:127.0.0.1:" + port, "ipv4:127.0.0.1:1,127.0.0.1:" + port}) {
    EXPECT_EQ(Semel({"stats", "--address", address}).exit_code, ExitCode::kOk) << address;
  }
  // Nobody is there, which is another error.
  for (const char* address : {"[::1]:1", "[fe80::1%lo]:1", "unix:/nowhere", "unix:///nowhere", "127.0.0.1:65535"}) {
    EXPECT_EQ(Semel({"stats", "--timeout", "100ms", "--address", address}).exit_code, ExitCode::kUnavailable)
        << address;
  }
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"localhost", "has no port"},
      {"[::1]", "has no port"},
      {"localhost:", "has no port from 1 to 65535"},
      {"localhost:0", "has no port from 1 to 65535"},
      {"localhost:65536", "has no port from 1 to 65535"},
      {"localhost:-1", "has no port from 1 to 65535"},
      {"localhost:grpc", "has no port from 1 to 65535"},
      {"localhost:7420 ", "has no port from 1 to 65535"},
      {":7420", "is not HOST:PORT"},
      {"local host:7420", "is not HOST:PORT"},
      {"localhost/x:7420", "is not HOST:PORT"},
      {"::1:7420", "stands in brackets"},
      {"[localhost]:7420", "is not HOST:PORT"},
      {"http://localhost:7420", "is a URL: semeld speaks gRPC"},
      {"https://localhost:7420/", "is a URL: semeld speaks gRPC"},
      {"dns:///localhost", "has no port"},
      {"dns://localhost:7420", "write dns:///HOST:PORT"},
      {"ipv4:127.0.0.1:1,127.0.0.1", "has no port"},
      {"unix:", "says nothing"},
  };
  for (const auto& [address, problem] : wrong) {
    setenv("SEMEL_ADDRESS", server().address().c_str(), 1);
    for (const char* command : {"stats", "list", "lookup"}) {
      std::vector<std::string> arguments = {command, "--address", address};
      if (command == std::string("lookup")) arguments.emplace_back("k");
      const Ran ran = Semel(arguments);
      EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << address;
      EXPECT_THAT(ran.err, AllOf(HasSubstr("--address: \"" + address + "\""), HasSubstr(problem)));
    }
    setenv("SEMEL_ADDRESS", address.c_str(), 1);
    const Ran ran = Semel({"lookup", "k"});
    EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << address;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("SEMEL_ADDRESS: \"" + address + "\""), HasSubstr(problem)));
  }
}

TEST_F(CliValuesTest, NumbersAreWholeDecimalAndFit) {
  const std::string token = BeginAndGetToken("k");
  for (const char* number :
       {"99999999999999999999", "0x10", "010", "0", "-1", "+1", "1.5", "1e3", " 1", "1'0", "one"}) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"complete", "k", "--result", "r", "--token", number},
             {"renew", "k", "--token", number},
             {"resolve", "k", "--absent", "--reason", "r", "--attempt", number},
             {"stats", "--watch", "--count", number},
             {"restore", "--from", directory(), directory(), "--backup", number},
         }) {
      const Ran ran = Semel(arguments);
      EXPECT_EQ(ran.exit_code, ExitCode::kUsage) << testing::PrintToString(arguments);
      EXPECT_THAT(ran.err, HasSubstr("is not a whole number from 1")) << testing::PrintToString(arguments);
    }
  }
  EXPECT_THAT(Semel({"list", "--limit", "-1"}).err, HasSubstr("is not a whole number from 0"));
  EXPECT_THAT(Semel({"resolve", "k", "--absent", "--reason", "r", "--attempt", "2147483648"}).err,
              HasSubstr("a whole number from 1 to 2147483647"));
  EXPECT_THAT(Semel({"complete", "--help"}).out, Not(HasSubstr("POSITIVE")));
  EXPECT_EQ(Semel({"complete", "k", "--token", token, "--result", "r"}).exit_code, ExitCode::kOk);
  // The greatest of all is a number like any other: the server knows it is not the key's.
  EXPECT_EQ(Semel({"renew", "k", "--token", "9223372036854775807"}).exit_code,
            Semel({"renew", "k", "--token", "1"}).exit_code);
}

TEST_F(CliValuesTest, AWrongValueIsNamedOnce) {
  const Ran ran = Semel({"begin", "caf\xC3\xA9"});
  EXPECT_EQ(ran.exit_code, ExitCode::kUsage);
  EXPECT_THAT(ran.err, HasSubstr("FIELD_INVALID"));
  const size_t named = ran.err.find("  key: ");
  ASSERT_NE(named, std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("  key: ", named + 1), std::string::npos) << ran.err;
}

TEST_F(CliValuesTest, AdviceOnAnUnknownKeyIsTrueOfEveryCommand) {
  const Ran ran = Semel({"delete", "nothing", "--reason", "r", "--yes"});
  EXPECT_EQ(ran.exit_code, ExitCode::kNoRecord);
  EXPECT_THAT(ran.err, HasSubstr("nothing is known of such a key there"));
}

TEST_F(CliValuesTest, AnAnswerThatCannotBeWrittenIsAnError) {
  const auto into = [&](const std::string& nowhere, const std::string& words) {
    const std::string errors = directory() + "/full";
    std::filesystem::remove(errors);
    const auto shell =
        demo::ChildProcess::Start({"/bin/sh", "-c", "exec '" SEMEL_PATH "' " + words + " " + nowhere}, errors).value();
    shell->CloseInput();
    Ran ran{.exit_code = static_cast<ExitCode>(shell->Wait())};
    ran.err = ContentOf(errors);
    return ran;
  };
  BeginAndGetToken("k");
  for (const char* words :
       {"lookup k", "lookup k -o json", "list", "stats", "completion bash", "--help", "begin --help"}) {
    const Ran full = into("> /dev/full", words);
    EXPECT_EQ(full.exit_code, ExitCode::kError) << words;
    EXPECT_THAT(full.err, HasSubstr("semel: cannot write standard output")) << words;
    const Ran closed = into(">&-", words);
    EXPECT_EQ(closed.exit_code, ExitCode::kError) << words;
    EXPECT_THAT(closed.err, HasSubstr("semel: cannot write standard output")) << words;
    EXPECT_EQ(into("<&- >&- 2>&-", words).exit_code, ExitCode::kError) << words;
  }
  EXPECT_EQ(into("<&- 2>&-", "lookup k").exit_code, ExitCode::kOk);
  const Ran begun = into("> /dev/full", "begin lost");
  EXPECT_EQ(begun.exit_code, ExitCode::kError);
  const std::string option = "--attempt-id ";
  const size_t at = begun.err.find(option);
  ASSERT_NE(at, std::string::npos) << begun.err;
  EXPECT_EQ(Semel({"begin", "lost", "--attempt-id", begun.err.substr(at + option.size(), 32)}).exit_code,
            ExitCode::kOk);
}

// What is opened next, for example the connection to the server, must not pass for standard output.
TEST_F(CliValuesTest, NothingTakesThePlaceOfAClosedStream) {
  BeginAndGetToken("k");
  const auto waiting =
      demo::ChildProcess::Start({"/bin/sh", "-c", "exec '" SEMEL_PATH "' begin k --wait 60s <&- >&- 2>&-"}).value();
  const std::string process = "/proc/" + std::to_string(waiting->pid());
  const std::string files = process + "/fd/";
  const auto connected = [&] {
    std::error_code gone;
    if (std::filesystem::read_symlink(process + "/exe", gone) != std::filesystem::canonical(SEMEL_PATH)) return false;
    for (const auto& file : std::filesystem::directory_iterator(files, gone)) {
      if (std::filesystem::read_symlink(file.path(), gone).string().starts_with("socket:")) return true;
    }
    return false;
  };
  const auto give_up = Patience();
  while (!connected()) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
    std::this_thread::yield();
  }
  for (const char* stream : {"0", "1", "2"}) EXPECT_EQ(std::filesystem::read_symlink(files + stream), "/dev/null");
}

}  // namespace
}  // namespace semel
