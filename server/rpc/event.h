// What completion queues report to.

#ifndef SEMEL_SERVER_RPC_EVENT_H_
#define SEMEL_SERVER_RPC_EVENT_H_

namespace semel::rpc {

// Something that a completion queue reports. Its address is the tag.
class Event {
 public:
  virtual void Happened(bool ok) = 0;

 protected:
  ~Event() = default;
};

// An event that is one step in the life of an `Owner`.
template <class Owner>
class Step final : public Event {
 public:
  Step(Owner& owner, void (Owner::*step)(bool)) : owner_(owner), step_(step) {}
  void Happened(bool ok) override { (owner_.*step_)(ok); }

 private:
  Owner& owner_;
  void (Owner::*const step_)(bool);
};

}  // namespace semel::rpc

#endif  // SEMEL_SERVER_RPC_EVENT_H_
