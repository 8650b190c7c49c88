// Lets ThreadSanitizer see through Debian's Abseil, which was not compiled with it: an absl::Mutex locked there orders nothing in
// ThreadSanitizer's eyes, and every value that one guards looks like a race, in our code and in what gRPC hands over.
//
// Linked into every program of the tsan preset. The definitions below stand before those of the shared library, for the library
// itself too (dynamic symbol interposition); each calls the real one and tells ThreadSanitizer what happens before what.
//
// abseil_under_tsan_test.cc holds that against both mistakes: alarms without a race, and races without an alarm.

#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/base/config.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

// Races between two places in foreign libraries are not ours to find: none of them was compiled with ThreadSanitizer.
extern "C" const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace {

#define SEMEL_TEXT(name) #name
#define SEMEL_TEXT_OF(macro) SEMEL_TEXT(macro)

// The library's own definition of a member, given its mangled name without the namespaces ("K" in front: a const member).
void* Real(std::string_view member) {
  const bool constant = member.front() == 'K';
  const std::string inner = SEMEL_TEXT_OF(ABSL_OPTION_INLINE_NAMESPACE_NAME);
  const std::string symbol = std::string(constant ? "_ZNK4absl" : "_ZN4absl") + std::to_string(inner.size()) + inner +
                             std::string(member.substr(constant ? 1 : 0));
  void* address = dlsym(RTLD_NEXT, symbol.c_str());
  if (address == nullptr) {
    std::fprintf(stderr, "abseil_under_tsan.cc: this Abseil has no %s\n", symbol.c_str());
    std::abort();
  }
  return address;
}

// Conditions are evaluated by whoever unlocks, in the middle of it: still under the lock, but after its release was told.
thread_local const void* giving_up = nullptr;

struct AcquiresAtEnd {
  const void* what;
  ~AcquiresAtEnd() { __tsan_acquire(const_cast<void*>(what)); }
};

struct Releases {
  explicit Releases(const void* what) {
    __tsan_release(const_cast<void*>(what));
    giving_up = what;
  }
  ~Releases() { giving_up = nullptr; }
};

// Gives the lock up, or does not have it yet, and has it at the end.
struct Waits {
  explicit Waits(const void* what) : acquires{what}, releases(what) {}
  AcquiresAtEnd acquires;
  Releases releases;
};

// Whoever looks at the flag without waiting reads the atomic behind the mutex.
struct Notifies {
  explicit Notifies(char* notification) {
    __tsan_release(notification);
    __tsan_release(notification + sizeof(Mutex));
  }
};

}  // namespace

#define SEMEL_SEEN(type, method, mangled, parameters, arguments, signature, guard) \
  type method parameters {                                                         \
    static const auto real = reinterpret_cast<type(*) signature>(Real(mangled));   \
    [[maybe_unused]] guard;                                                        \
    return real arguments;                                                         \
  }

SEMEL_SEEN(void, Mutex::Lock, "5Mutex4LockEv", (), (this), (Mutex*), AcquiresAtEnd lock{this})
SEMEL_SEEN(void, Mutex::ReaderLock, "5Mutex10ReaderLockEv", (), (this), (Mutex*), AcquiresAtEnd lock{this})
SEMEL_SEEN(bool, Mutex::TryLock, "5Mutex7TryLockEv", (), (this), (Mutex*), AcquiresAtEnd lock{this})
SEMEL_SEEN(bool, Mutex::ReaderTryLock, "5Mutex13ReaderTryLockEv", (), (this), (Mutex*), AcquiresAtEnd lock{this})
SEMEL_SEEN(void, Mutex::Unlock, "5Mutex6UnlockEv", (), (this), (Mutex*), Releases lock(this))
SEMEL_SEEN(void, Mutex::ReaderUnlock, "5Mutex12ReaderUnlockEv", (), (this), (Mutex*), Releases lock(this))

SEMEL_SEEN(void, Mutex::Await, "5Mutex5AwaitERKNS0_9ConditionE", (const Condition& c), (this, c),
           (Mutex*, const Condition&), Waits lock(this))
SEMEL_SEEN(bool, Mutex::AwaitWithTimeout, "5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
           (const Condition& c, Duration d), (this, c, d), (Mutex*, const Condition&, Duration), Waits lock(this))
SEMEL_SEEN(bool, Mutex::AwaitWithDeadline, "5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
           (const Condition& c, Time t), (this, c, t), (Mutex*, const Condition&, Time), Waits lock(this))
SEMEL_SEEN(void, Mutex::LockWhen, "5Mutex8LockWhenERKNS0_9ConditionE", (const Condition& c), (this, c),
           (Mutex*, const Condition&), Waits lock(this))
SEMEL_SEEN(bool, Mutex::LockWhenWithTimeout, "5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
           (const Condition& c, Duration d), (this, c, d), (Mutex*, const Condition&, Duration), Waits lock(this))
SEMEL_SEEN(bool, Mutex::LockWhenWithDeadline, "5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
           (const Condition& c, Time t), (this, c, t), (Mutex*, const Condition&, Time), Waits lock(this))

SEMEL_SEEN(void, CondVar::Wait, "7CondVar4WaitEPNS0_5MutexE", (Mutex * mutex), (this, mutex), (CondVar*, Mutex*),
           Waits lock(mutex))
SEMEL_SEEN(bool, CondVar::WaitWithTimeout, "7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
           (Mutex * mutex, Duration d), (this, mutex, d), (CondVar*, Mutex*, Duration), Waits lock(mutex))
SEMEL_SEEN(bool, CondVar::WaitWithDeadline, "7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
           (Mutex * mutex, Time t), (this, mutex, t), (CondVar*, Mutex*, Time), Waits lock(mutex))

SEMEL_SEEN(void, Notification::Notify, "12Notification6NotifyEv", (), (this), (Notification*),
           Notifies flag(reinterpret_cast<char*>(this)))
SEMEL_SEEN(void, Notification::WaitForNotification, "K12Notification19WaitForNotificationEv", () const, (this),
           (const Notification*), AcquiresAtEnd flag{this})
SEMEL_SEEN(bool, Notification::WaitForNotificationWithTimeout,
           "K12Notification30WaitForNotificationWithTimeoutENS0_8DurationE", (Duration d) const, (this, d),
           (const Notification*, Duration), AcquiresAtEnd flag{this})
SEMEL_SEEN(bool, Notification::WaitForNotificationWithDeadline,
           "K12Notification31WaitForNotificationWithDeadlineENS0_4TimeE", (Time t) const, (this, t),
           (const Notification*, Time), AcquiresAtEnd flag{this})

SEMEL_SEEN(bool, BlockingCounter::DecrementCount, "15BlockingCounter14DecrementCountEv", (), (this), (BlockingCounter*),
           Releases count(this))
SEMEL_SEEN(void, BlockingCounter::Wait, "15BlockingCounter4WaitEv", (), (this), (BlockingCounter*),
           AcquiresAtEnd count{this})

bool Condition::Eval() const {
  static const auto real = reinterpret_cast<bool (*)(const Condition*)>(Real("K9Condition4EvalEv"));
  void* mutex = const_cast<void*>(giving_up);
  if (mutex != nullptr) __tsan_acquire(mutex);
  const bool holds = real(this);
  if (mutex != nullptr) __tsan_release(mutex);
  return holds;
}

ABSL_NAMESPACE_END
}  // namespace absl
