// Instants and lengths of time as the server keeps them: microseconds, signed, since the Unix epoch for instants.

#ifndef SEMEL_STORAGE_TIME_H_
#define SEMEL_STORAGE_TIME_H_

#include <chrono>
#include <cstdint>

namespace semel::storage {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

inline int64_t Micros(Time time) { return time.time_since_epoch().count(); }
inline Time FromMicros(int64_t micros) { return Time(Duration(micros)); }

}  // namespace semel::storage

#endif  // SEMEL_STORAGE_TIME_H_
