#include "client/cli/address_check.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

#include "client/cli/facts.h"

namespace semel::cli {
namespace {

constexpr int kLastPort = 65535;

// What follows is no host and port: gRPC's own to judge.
constexpr std::string_view kOtherSchemes[] = {"unix:", "unix-abstract:", "xds:"};

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool ConsistsOf(std::string_view text, bool (*is_part)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_part);
}

bool IsAlphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// [::1]; after a %, the zone: [fe80::1%eth0].
bool IsInBrackets(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  const auto is_part = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.'; };
  return inside.find(':') != inside.npos && ConsistsOf(inside.substr(0, inside.find('%')), is_part);
}

bool IsName(std::string_view host) {
  return ConsistsOf(host, [](char c) { return IsAlphanumeric(c) || c == '.' || c == '-' || c == '_'; });
}

bool IsPort(std::string_view digits) {
  int port = 0;
  const char* end = digits.data() + digits.size();
  const auto [read_to, error] = std::from_chars(digits.data(), end, port);
  return error == std::errc() && read_to == end && port >= 1 && port <= kLastPort;
}

// Of one "HOST:PORT".
std::string HostAndPortProblem(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  if (colon == text.npos || text.ends_with(']')) return "has no port: HOST:PORT is needed, such as localhost:7420";
  if (host.find(':') != host.npos && !host.starts_with('[')) {
    return "is not HOST:PORT; an IPv6 address stands in brackets, such as [::1]:7420";
  }
  if (!IsName(host) && !IsInBrackets(host)) return "is not HOST:PORT, such as localhost:7420 or [::1]:7420";
  if (!IsPort(text.substr(colon + 1))) return "has no port from 1 to 65535: HOST:PORT is needed";
  return "";
}

// "//NAMESERVER/HOST:PORT", mostly without a name server, or HOST:PORT alone.
std::string DnsProblem(std::string_view text) {
  if (TakePrefix(text, "//")) {
    const size_t slash = text.find('/');
    if (slash == text.npos) return "names a name server and no host: write dns:///HOST:PORT";
    text.remove_prefix(slash + 1);
  }
  return HostAndPortProblem(text);
}

// "HOST:PORT,HOST:PORT"
std::string ListProblem(std::string_view text) {
  const size_t comma = text.find(',');
  std::string problem = HostAndPortProblem(text.substr(0, comma));
  return problem.empty() && comma != text.npos ? ListProblem(text.substr(comma + 1)) : problem;
}

std::string Problem(std::string_view address) {
  for (const std::string_view scheme : kOtherSchemes) {
    if (address.starts_with(scheme)) return address.size() > scheme.size() ? "" : "says nothing after its scheme";
  }
  if (TakePrefix(address, "dns:")) return DnsProblem(address);
  if (TakePrefix(address, "ipv4:") || TakePrefix(address, "ipv6:")) return ListProblem(address);
  if (address.find("://") != address.npos) return "is a URL: semeld speaks gRPC, write HOST:PORT alone";
  return HostAndPortProblem(address);
}

}  // namespace

std::string AddressProblem(std::string_view address) {
  const std::string problem = Problem(address);
  return problem.empty() ? "" : '"' + Shown(address) + "\" " + problem;
}

}  // namespace semel::cli
