// Tells the thread sanitizer who hands a contended Swift Mutex to whom. What is not contended is compiled into us and seen; the rest is in the runtime library, which is not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));
#define SELF __attribute__((swift_context)) void *self
typedef __attribute__((swiftcall)) void Lock(uint32_t, SELF);
typedef __attribute__((swiftcall)) bool TryLock(SELF);
typedef __attribute__((swiftcall)) void Unlock(SELF);
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRYLOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
__attribute__((swiftcall)) void lock_slow(uint32_t tid, SELF) __asm__(LOCK);
__attribute__((swiftcall)) void lock_slow(uint32_t tid, SELF) { ((Lock *)dlsym(RTLD_NEXT, LOCK))(tid, self); if (__tsan_acquire) __tsan_acquire(self); }
__attribute__((swiftcall)) bool try_lock_slow(SELF) __asm__(TRYLOCK);
__attribute__((swiftcall)) bool try_lock_slow(SELF) { bool got = ((TryLock *)dlsym(RTLD_NEXT, TRYLOCK))(self); if (got && __tsan_acquire) __tsan_acquire(self); return got; }
__attribute__((swiftcall)) void unlock_slow(SELF) __asm__(UNLOCK);
__attribute__((swiftcall)) void unlock_slow(SELF) { if (__tsan_release) __tsan_release(self); ((Unlock *)dlsym(RTLD_NEXT, UNLOCK))(self); }
