#include "runtime/program/control_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/bytes.h"
#include "runtime/env/files.h"

namespace flow::runtime {
namespace {

constexpr std::string_view magic = "FLOWCTL1";
constexpr std::string_view socket_name = "control";
constexpr uint8_t command_savepoint = 1;
constexpr uint32_t frame_bytes_max = 64 * 1024;
constexpr timeval request_time_max{.tv_sec = 5, .tv_usec = 0};

class Descriptor {
public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int take() { return std::exchange(number_, -1); }

private:
  int number_;
};

Status failed(ExitCode code, std::string_view what, const std::string& folder) {
  int reason = errno;
  return Status(code, fmt::format("cannot {} in '{}': {}", what, folder, strerror(reason)), reason);
}

// The address of the socket in the open folder. `folder` is its path.
sockaddr_un address_of(const std::string& folder, int open_folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string path = join_path(folder, socket_name);
  if (path.size() >= sizeof address.sun_path) path = fmt::format("/proc/self/fd/{}/{}", open_folder, socket_name);
  memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* plain(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool send_all(int connection, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool receive_all(int connection, std::string& bytes) {
  for (size_t at = 0; at < bytes.size();) {
    ssize_t got = recv(connection, bytes.data() + at, bytes.size() - at, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += static_cast<size_t>(got);
  }
  return true;
}

bool send_frame(int connection, std::string_view bytes) {
  ByteWriter length;
  length.u32(static_cast<uint32_t>(bytes.size()));
  return send_all(connection, length.view()) && send_all(connection, bytes);
}

bool receive_frame(int connection, std::string& bytes) {
  std::string head(4, '\0');
  if (!receive_all(connection, head)) return false;
  uint32_t length = ByteReader(head).u32();
  if (length > frame_bytes_max) return false;
  bytes.assign(length, '\0');
  return receive_all(connection, bytes);
}

void send_answer(int connection, const Result<uint64_t>& epoch) {
  ByteWriter out;
  out.u32(static_cast<uint32_t>(epoch.is_ok() ? ExitCode::finished : epoch.status().code()));
  out.u64(epoch.is_ok() ? *epoch : 0);
  out.text(epoch.is_ok() ? std::string_view() : std::string_view(epoch.status().message()));
  static_cast<void>(send_frame(connection, out.view())); // who asked may have left
}

} // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::string& folder,
                                                           std::function<void(SavepointAsked)> on_request) {
  Descriptor open_folder(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Descriptor wake(eventfd(0, EFD_CLOEXEC));
  if (open_folder.number() < 0 || listener.number() < 0 || wake.number() < 0) {
    return failed(ExitCode::output_failed, "make the control socket", folder);
  }
  std::string name(socket_name);
  unlinkat(open_folder.number(), name.c_str(), 0); // of a job that was killed
  sockaddr_un address = address_of(folder, open_folder.number());
  // The folder keeps others out; the mode of the socket does too.
  bool is_open = bind(listener.number(), plain(address), sizeof address) == 0 &&
                 fchmodat(open_folder.number(), name.c_str(), S_IRUSR | S_IWUSR, 0) == 0 &&
                 ::listen(listener.number(), 8) == 0;
  if (!is_open) return failed(ExitCode::output_failed, "make the control socket", folder);
  struct stat made{};
  if (fstatat(open_folder.number(), name.c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0)
    return failed(ExitCode::output_failed, "make the control socket", folder);
  return std::unique_ptr<ControlSocket>(new ControlSocket(join_path(folder, socket_name), made.st_ino, listener.take(),
                                                          wake.take(), std::move(on_request)));
}

ControlSocket::ControlSocket(std::string path, uint64_t inode, int listener, int wake,
                             std::function<void(SavepointAsked)> on_request)
    : path_(std::move(path)), inode_(inode), listener_(listener), wake_(wake), on_request_(std::move(on_request)),
      thread_([this] { listen(); }) {}

ControlSocket::~ControlSocket() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(listener_);
  close(wake_);
  struct stat there{}; // an instance that has taken over the folder has a socket of its own there
  if (lstat(path_.c_str(), &there) == 0 && there.st_ino == inode_) unlink(path_.c_str());
}

void ControlSocket::listen() {
  while (true) {
    pollfd watched[] = {{.fd = listener_, .events = POLLIN, .revents = 0},
                        {.fd = wake_, .events = POLLIN, .revents = 0}};
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return;
    if (watched[1].revents != 0) return;
    if (watched[0].revents == 0) continue;
    int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) serve(connection);
  }
}

void ControlSocket::serve(int connection) {
  auto descriptor = std::make_shared<Descriptor>(connection);
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &request_time_max, sizeof request_time_max);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &request_time_max, sizeof request_time_max);
  std::string bytes;
  if (!receive_frame(connection, bytes)) return;
  ByteReader in(bytes);
  bool is_known = in.raw(magic.size()) == magic && in.u8() == command_savepoint;
  uint8_t end = in.u8();
  std::string folder(in.text());
  if (!is_known || in.has_failed() || end > static_cast<uint8_t>(SavepointEnd::drain)) {
    return send_answer(connection, Status(ExitCode::request_refused, "the running job does not know this request: ask "
                                                                     "with the executable that runs"));
  }
  bool is_last = static_cast<SavepointEnd>(end) != SavepointEnd::go_on;
  on_request_({.folder = std::move(folder),
               .end = static_cast<SavepointEnd>(end),
               .answer = [descriptor, is_last](const Result<uint64_t>& epoch) {
                 send_answer(descriptor->number(), epoch);
                 // Who asked waits for the end of the job: the system closes it then.
                 if (is_last && epoch.is_ok()) descriptor->take();
               }});
}

Result<uint64_t> request_savepoint(const std::string& state_folder, const std::string& folder, SavepointEnd end) {
  Descriptor open_folder(open(state_folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = address_of(state_folder, open_folder.number());
  if (open_folder.number() < 0 || connect(connection.number(), plain(address), sizeof address) != 0) {
    return Status(ExitCode::request_refused,
                  fmt::format("no job is running with --checkpoint-dir '{}': {}", state_folder,
                              open_folder.number() < 0 ? "there is no such folder" : "nobody answers there"));
  }
  ByteWriter out;
  out.raw(magic);
  out.u8(command_savepoint);
  out.u8(static_cast<uint8_t>(end));
  out.text(folder);
  std::string bytes;
  if (!send_frame(connection.number(), out.view()) || !receive_frame(connection.number(), bytes)) {
    return Status(ExitCode::request_refused,
                  fmt::format("the job in '{}' ended before it had written the savepoint", state_folder));
  }
  ByteReader in(bytes);
  uint32_t code = in.u32();
  uint64_t epoch = in.u64();
  std::string message(in.text());
  if (in.has_failed() || code > static_cast<uint32_t>(ExitCode::request_refused)) {
    return Status(ExitCode::internal_error, "the job's answer cannot be understood");
  }
  if (code != 0) return Status(static_cast<ExitCode>(code), std::move(message));
  std::string nothing(1, '\0');
  if (end != SavepointEnd::go_on) static_cast<void>(receive_all(connection.number(), nothing)); // until it is gone
  return epoch;
}

} // namespace flow::runtime
