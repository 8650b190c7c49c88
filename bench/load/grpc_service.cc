#include "bench/load/grpc_service.h"

#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "semel/wire/v1/status.pb.h"

namespace semel::bench {

namespace {

std::string ReasonOf(const grpc::Status& failed) {
  wire::v1::Status status;
  wire::v1::ErrorInfo info;
  if (!status.ParseFromString(failed.error_details())) return "";
  for (const auto& detail : status.details()) {
    if (absl::EndsWith(detail.type_url(), "/google.rpc.ErrorInfo") && info.ParseFromString(detail.value()))
      return info.reason();
  }
  return "";
}

}  // namespace

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> OpenChannels(const std::string& address, size_t count) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (size_t i = 0; i < count; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // else channels to one address share a connection
    channels.push_back(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  for (const auto& channel : channels) {
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
      return absl::UnavailableError(absl::StrCat("no server answers at ", address));
    }
  }
  return channels;
}

std::string Told(const grpc::Status& failed) {
  return absl::StrCat(failed.error_code(), " ", ReasonOf(failed), " ", failed.error_message());
}

}  // namespace semel::bench
