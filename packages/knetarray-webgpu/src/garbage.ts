/** Asking the garbage collector to look for dropped arrays. */

/**
 * V8 begins a collection when what its array buffers hold has grown by 64 MiB since the last one. One buffer of this size nearly always
 * brings it about: about 1 ms in Chromium, where it goes on in the background, and 2 to 5 ms in Node with a small heap.
 */
const bytes = 2 ** 27;

/**
 * Makes a collection begin soon. An array that is dropped gives its GPU memory back when the collector finds it, by a weak reference or a
 * finalizer, and these are told of full collections alone. To the engine the array is an object of some hundred bytes, so it sees no
 * reason for one while gigabytes of GPU memory wait; and no function of browsers asks for one. What engines do count is the memory
 * of array buffers. This one is never touched, so that the system gives it no page.
 */
export function pressGarbageCollector(): void {
  try {
    new ArrayBuffer(bytes);
  } catch {
    // So much was not free: the engine has collected before it said so.
  }
}
