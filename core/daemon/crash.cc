// SPDX-License-Identifier: Apache-2.0
#include "core/daemon/crash.hh"

#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <initializer_list>

#include "core/base/log_form.hh"
#include "core/base/raw_text.hh"
#include "core/base/sanitized.hh"

namespace stook {

namespace {

constexpr const char* event = "crashed";

struct Fault {
  int number;
  const char* name;
};
constexpr Fault faults[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}};

/// What the handler needs, prepared while memory could still be had.
struct Prepared {
  // Set by main before handlers are there and reset after they are gone; a handler loads it first.
  std::atomic<const Engine*> engine{nullptr};
  // The thread that writes a report; a second one that crashes waits for the end of the process.
  std::atomic<pid_t> writer{0};
  char folder[4096] = {};
  char system[256] = {};
  char stack[64 * 1024] = {};  // for main, whose own may be what has run out
};
Prepared prepared;

int64_t now_by(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

const char* name_of(int number) {
  for (const Fault& fault : faults) {
    if (fault.number == number) {
      return fault.name;
    }
  }
  return "a signal";
}

// Appends, and never past the end.
void append(char* text, size_t most, const char* more) {
  size_t size = ::strlen(text);
  while (*more != '\0' && size + 1 < most) {
    text[size++] = *more++;
  }
  text[size] = '\0';
}

void append_number(char* text, size_t most, uint64_t number) {
  char digits[24] = {};
  size_t at = sizeof digits - 1;
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  append(text, most, digits + at);
}

int open_report(char* path, size_t most) {
  if (prepared.folder[0] == '\0') {
    return -1;
  }
  append(path, most, prepared.folder);
  append(path, most, "/crash.");
  append_number(path, most, static_cast<uint64_t>(::getpid()));
  append(path, most, ".");
  append_number(path, most, static_cast<uint64_t>(now_by(CLOCK_REALTIME)) / 1'000'000'000);
  append(path, most, ".new");
  return ::open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void write_report(int fd, int number, const siginfo_t& about, const char* thread, pid_t task) {
  {
    RawText out(fd);
    out.put("stookd ").put(STOOK_VERSION).put(" has crashed\n");
    out.put("signal: ")
        .put(name_of(number))
        .put(" code ")
        .put(static_cast<uint64_t>(static_cast<uint32_t>(about.si_code)));
    if (about.si_code > 0) {
      out.put(" address 0x").put(reinterpret_cast<uintptr_t>(about.si_addr), 16);
    } else {
      out.put(" sent by process ").put(static_cast<uint64_t>(about.si_pid));
    }
    out.put("\nprocess: ").put(static_cast<uint64_t>(::getpid())).put("\nthread: ").put(thread);
    out.put(" (").put(static_cast<uint64_t>(task)).put(")\nunix time: ");
    out.put(static_cast<uint64_t>(now_by(CLOCK_REALTIME)) / 1'000'000'000).put("\nsystem: ").put(prepared.system);
    out.put("\n\nreturn addresses:\n");
  }
  void* frames[64];
  int count = ::backtrace(frames, 64);
  ::backtrace_symbols_fd(frames, count, fd);
  RawText(fd).put("\nlast events:\n");
  write_last_events(fd);
  if (const Engine* engine = prepared.engine.load(std::memory_order_acquire)) {
    RawText out(fd);
    out.put("\nthreads and queues:\n");
    engine->write_state(out, thread, now_by(CLOCK_MONOTONIC));
  }
  RawText(fd).put("\nend of the report\n");
}

struct RawField {
  const char* name;
  const char* value;
};

/// One line of the log, in its form.
void put_event(RawText& out, std::initializer_list<RawField> fields) {
  bool is_json = is_log_json();
  const char* next = is_json ? "{" : "";
  for (const RawField& field : fields) {
    out.put(next).put(is_json ? "\"" : "").put(field.name).put(is_json ? "\":\"" : "=");
    for (const char* c = field.value; *c != 0; c++) {
      out.put(is_json && (*c == '"' || *c == '\\') ? "\\" : "").put(std::string_view(c, 1));
    }
    out.put(is_json ? "\"" : "");
    next = is_json ? "," : " ";
  }
  out.put(is_json ? "}\n" : "\n");
}

// By now SIGALRM ends a process whose report hangs, and the same fault once more ends it at once.
void on_fault(int number, siginfo_t* about, void*) {
  auto task = static_cast<pid_t>(::syscall(SYS_gettid));
  pid_t nobody = 0;
  if (!prepared.writer.compare_exchange_strong(nobody, task) && nobody != task) {
    for (;;) {
      ::pause();
    }
  }
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(5);
  char thread[17] = {};
  ::prctl(PR_GET_NAME, thread);
  char path[sizeof prepared.folder + 64] = {};
  int fd = open_report(path, sizeof path);
  int log = log_descriptor();
  {
    RawText line(log, log == STDERR_FILENO ? -1 : STDERR_FILENO);
    put_event(line, {{"level", "fatal"},
                     {"event", event},
                     {"signal", name_of(number)},
                     {"thread", thread},
                     {"report", fd >= 0 ? path : "here"}});
  }
  write_report(fd >= 0 ? fd : log, number, *about, thread, task);
  // SA_RESETHAND has given the fault its usual meaning back; it is raised again, as it may have been sent.
  ::syscall(SYS_tgkill, ::getpid(), task, number);
}

}  // namespace

CrashReports::CrashReports(const Engine& engine, const std::string& folder) {
  if (has_sanitizer) {
    return;  // it has reports of its own
  }
  append(prepared.folder, sizeof prepared.folder, folder.c_str());
  utsname system{};
  if (::uname(&system) == 0) {
    for (const char* piece :
         std::initializer_list<const char*>{system.sysname, " ", system.release, " ", system.machine}) {
      append(prepared.system, sizeof prepared.system, piece);
    }
  }
  void* frames[4];
  ::backtrace(frames, 4);  // loads what it needs now
  prepared.engine.store(&engine, std::memory_order_release);
  stack_t stack{};
  stack.ss_sp = prepared.stack;
  stack.ss_size = sizeof prepared.stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK);
  sigfillset(&action.sa_mask);
  for (const Fault& fault : faults) {
    sigdelset(&action.sa_mask, fault.number);
  }
  sigdelset(&action.sa_mask, SIGALRM);
  for (const Fault& fault : faults) {
    ::sigaction(fault.number, &action, nullptr);
  }
}

CrashReports::~CrashReports() {
  prepared.engine.store(nullptr, std::memory_order_release);
}

}  // namespace stook
