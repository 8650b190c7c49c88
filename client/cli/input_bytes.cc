#include "client/cli/input_bytes.h"

#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

namespace semel::cli {
namespace {

std::string ReadAtMost(std::istream& input, size_t most) {
  std::string bytes(most + 1, '\0');
  input.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<size_t>(input.gcount()));
  return bytes;
}

}  // namespace

std::string ReadInput(const std::string& option, const std::string& path, size_t most) {
  std::string bytes;
  if (path == "-") {
    bytes = ReadAtMost(std::cin, most);
    if (std::cin.bad()) throw CLI::ValidationError(option, "cannot read standard input");
    return bytes;
  }
  std::ifstream file(path, std::ios::binary);
  if (file) bytes = ReadAtMost(file, most);
  // A directory opens, and fails at the first read.
  if (!file && !file.eof()) throw CLI::ValidationError(option, "cannot read " + path);
  return bytes;
}

}  // namespace semel::cli
