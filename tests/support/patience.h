// How long tests wait for what must come: longer than anything takes, so that only a hanging server gets there.

#ifndef SEMEL_TESTS_SUPPORT_PATIENCE_H_
#define SEMEL_TESTS_SUPPORT_PATIENCE_H_

#include <functional>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace semel::support {

inline constexpr absl::Duration kPatience = absl::Seconds(60);

// For what cannot be waited for, such as a gauge: looks at it again and again. False: it did not come true.
inline bool Eventually(const std::function<bool()>& condition) {
  const absl::Time give_up = absl::Now() + kPatience;
  absl::Notification never;
  while (!condition()) {
    if (absl::Now() > give_up) return false;
    never.WaitForNotificationWithTimeout(absl::Milliseconds(1));
  }
  return true;
}

}  // namespace semel::support

#endif  // SEMEL_TESTS_SUPPORT_PATIENCE_H_
