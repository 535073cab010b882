#include "sql/engine/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace tarn::sql::engine {

bool confine() {
#if defined(__x86_64__)
  // AF_UNIX pairs are not needed either: the one socket is inherited.
  static constexpr unsigned kRefused[] = {SYS_socket,
                                          SYS_socketpair,
                                          SYS_connect,
                                          SYS_bind,
                                          SYS_listen,
                                          SYS_accept,
                                          SYS_accept4,
                                          SYS_execve,
                                          SYS_execveat,
                                          SYS_fork,
                                          SYS_vfork,
                                          SYS_ptrace,
                                          SYS_mount,
                                          SYS_umount2,
                                          SYS_chroot,
                                          SYS_pivot_root,
                                          SYS_unshare,
                                          SYS_setns,
                                          SYS_process_vm_readv,
                                          SYS_process_vm_writev,
                                          SYS_init_module,
                                          SYS_finit_module,
                                          SYS_bpf,
                                          SYS_kexec_load,
                                          SYS_keyctl,
                                          SYS_add_key,
                                          SYS_request_key,
                                          SYS_userfaultfd,
                                          SYS_perf_event_open,
                                          SYS_open_by_handle_at};
  std::vector<sock_filter> program;
  const auto load = [&](unsigned offset) { program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); };
  load(offsetof(seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  load(offsetof(seccomp_data, nr));
  for (const unsigned call : kRefused) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  // The x32 numbers of the same calls.
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) == 0;
#else
  return false;
#endif
}

}  // namespace tarn::sql::engine
