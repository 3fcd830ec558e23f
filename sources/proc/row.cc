// SPDX-License-Identifier: Apache-2.0
#include "sources/proc/row.hh"

#include <errno.h>
#include <fcntl.h>

#include "core/base/clock.hh"
#include "core/base/fd.hh"

namespace stook {

void declare_proc_keys(Wiring& wiring) {
  wiring.writes = {
      {"proc", Type::Text, "", "process, connection, cpu, mem, disk or net", false},
      {"name", Type::Text, "", "of the process, processor, disk or interface", false},
      {"pid", Type::Unsigned, "", "of the process, or of one that has the connection", false},
      {"ppid", Type::Unsigned, "", "of the process that started it", false},
      {"user", Type::Text, "", "who runs the process or has the connection", false},
      {"state", Type::Text, "", "of the process by its letter, of the connection by its name", false},
      {"cpu", Type::Real, "%", "of one processor, since the last look", false},
      {"mem", Type::Unsigned, "bytes", "of the process in memory", false},
      {"threads", Type::Unsigned, "", "of the process", false},
      {"started", Type::Time, "", "when the process was started", false},
      {"command", Type::Text, "", "its arguments with blanks between them", false},
      {"proto", Type::Text, "", "tcp, tcp6, udp or udp6", false},
      {"local.ip", Type::Address, "", "", false},
      {"local.port", Type::Unsigned, "", "", false},
      {"remote.ip", Type::Address, "", "", false},
      {"remote.port", Type::Unsigned, "", "", false},
      {"inode", Type::Unsigned, "", "of the connection's socket; 0 when it has none any more", false},
      {"cpu.user", Type::Real, "%", "in programs, nice ones too", false},
      {"cpu.system", Type::Real, "%", "in the kernel, interrupts too", false},
      {"cpu.iowait", Type::Real, "%", "idle while a disk was waited for", false},
      {"cpu.steal", Type::Real, "%", "taken by the hypervisor", false},
      {"mem.total", Type::Unsigned, "bytes", "", false},
      {"mem.free", Type::Unsigned, "bytes", "", false},
      {"mem.available", Type::Unsigned, "bytes", "what programs could still get", false},
      {"mem.buffers", Type::Unsigned, "bytes", "", false},
      {"mem.cached", Type::Unsigned, "bytes", "", false},
      {"swap.total", Type::Unsigned, "bytes", "", false},
      {"swap.free", Type::Unsigned, "bytes", "", false},
      {"disk.reads", Type::Unsigned, "", "since boot", false},
      {"disk.read_bytes", Type::Unsigned, "bytes", "since boot", false},
      {"disk.writes", Type::Unsigned, "", "since boot", false},
      {"disk.written_bytes", Type::Unsigned, "bytes", "since boot", false},
      {"disk.busy", Type::Unsigned, "ms", "since boot", false},
      {"net.received_bytes", Type::Unsigned, "bytes", "since boot", false},
      {"net.received_packets", Type::Unsigned, "", "since boot", false},
      {"net.receive_errors", Type::Unsigned, "", "since boot", false},
      {"net.receive_drops", Type::Unsigned, "", "since boot", false},
      {"net.sent_bytes", Type::Unsigned, "bytes", "since boot", false},
      {"net.sent_packets", Type::Unsigned, "", "since boot", false},
      {"net.send_errors", Type::Unsigned, "", "since boot", false},
      {"net.send_drops", Type::Unsigned, "", "since boot", false},
      {"recv.time", Type::Time, "", "when it was looked at", true},
  };
}

bool ProcRows::begin(std::string_view kind) {
  bundle_ = feed_.bundle();
  if (bundle_ == nullptr) {
    return false;
  }
  row_ = bundle_->append();
  set(ProcKey::Kind, Cell::of_text(kind));
  set(ProcKey::RecvTime, Cell::of_time(wall_ns()));
  return true;
}

void ProcRows::text(ProcKey key, std::string_view value) {
  if (wants(key)) {
    set(key, Cell::of_text(bundle_->arena().copy(value)));
  }
}

int ProcStage::fault() const {
  return Fd(::open(needed_.c_str(), O_RDONLY | O_CLOEXEC)) ? 0 : errno;
}

void ProcRows::address(ProcKey key, std::string_view bytes) {
  if (wants(key)) {
    set(key, Cell::of_slice(Type::Address, bundle_->arena().copy(bytes)));
  }
}

}  // namespace stook
