// The system calls that no program of a user's needs.
#include <errno.h>
#include <seccomp.h>

#include <memory>

#include "run/sandbox.h"

namespace tarn::run {

Status refuse_system_calls() {
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> filter(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
  if (!filter) return internal_failure("seccomp: out of memory");
  // By name: one that this machine's architecture or libseccomp does not have is not there to be refused.
  for (const char* name : {"mount",
                           "umount",
                           "umount2",
                           "pivot_root",
                           "chroot",
                           "unshare",
                           "setns",
                           "mount_setattr",
                           "move_mount",
                           "open_tree",
                           "fsopen",
                           "fsconfig",
                           "fsmount",
                           "fspick",
                           "ptrace",
                           "process_vm_readv",
                           "process_vm_writev",
                           "kcmp",
                           "bpf",
                           "perf_event_open",
                           "userfaultfd",
                           "keyctl",
                           "add_key",
                           "request_key",
                           "init_module",
                           "finit_module",
                           "delete_module",
                           "kexec_load",
                           "kexec_file_load",
                           "open_by_handle_at",
                           "name_to_handle_at",
                           "reboot",
                           "swapon",
                           "swapoff",
                           "acct",
                           "quotactl",
                           "syslog",
                           "settimeofday",
                           "clock_settime",
                           "clock_adjtime",
                           "adjtimex",
                           "sethostname",
                           "setdomainname",
                           "iopl",
                           "ioperm",
                           "vhangup",
                           "io_uring_setup",
                           "io_uring_enter",
                           "io_uring_register"}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;
    if (const int error = ::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), number, 0); error != 0)
      return system_failure("refuse", name, -error);
  }
  // clone() into a new user namespace would give rights in it; clone3's flags lie in memory, where no filter sees them:
  // without it the C library falls back to clone().
  const int clone = SCMP_SYS(clone);
  constexpr uint64_t kNewUser = 0x10000000;
  if (::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), clone, 1,
                         SCMP_A0(SCMP_CMP_MASKED_EQ, kNewUser, kNewUser)) != 0)
    return internal_failure("seccomp: clone");
  if (::seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0)
    return internal_failure("seccomp: clone3");
  if (const int error = ::seccomp_load(filter.get()); error != 0)
    return system_failure("load", "the seccomp filter", -error);
  return {};
}

}  // namespace tarn::run
