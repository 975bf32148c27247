// ControlSocket: how another process asks a running job for something: a local socket in the job's state folder, which
// only its owner can enter. The job listens while it runs; what is asked goes to the coordinator's mailbox.
//
//   frame    := length u32, bytes                                  of at most 64 KiB; encodings of base/bytes.h
//   request  := "FLOWCTL1", command u8 (1: savepoint), SavepointEnd u8, folder text
//   answer   := exit code u32, epoch u64, message text
//
// After an answer the job closes the connection, at once or, if it is to end, when it does. The name of a socket holds
// about a hundred bytes: one in a folder with a longer path is reached through the folder's file descriptor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/host/control.h"

namespace flow::runtime {

class ControlSocket {
public:
  // `folder` is locked by this process: a socket that lies there is nobody's. Requests are handed on from a thread of
  // its own, each with an `answer` that any thread may call.
  static Result<std::unique_ptr<ControlSocket>> open(const std::string& folder,
                                                     std::function<void(SavepointAsked)> on_request);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

private:
  ControlSocket(std::string path, uint64_t inode, int listener, int wake,
                std::function<void(SavepointAsked)> on_request);
  void listen();
  void serve(int connection);

  std::string path_;
  uint64_t inode_; // of the socket that lies there
  int listener_;
  int wake_; // an eventfd: it is over
  std::function<void(SavepointAsked)> on_request_;
  std::thread thread_;
};

// Asks the job that runs on `state_folder`, and waits for its answer, and for its end if it is to end. `folder` is
// absolute. Gives the epoch.
Result<uint64_t> request_savepoint(const std::string& state_folder, const std::string& folder, SavepointEnd end);

} // namespace flow::runtime
