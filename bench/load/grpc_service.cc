#include "bench/load/grpc_service.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "client/cpp/error_details.h"

namespace semel::bench {

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
  return absl::StrCat(failed.error_code(), " ", DetailsOf(ToStatus(failed)).reason, " ", failed.error_message());
}

}  // namespace semel::bench
