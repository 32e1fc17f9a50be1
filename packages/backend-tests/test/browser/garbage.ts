/** Runs the garbage collector, which Chromium lends with --js-flags=--expose-gc, and gives finalizers time to run. */
export async function collectGarbage(): Promise<void> {
  const collect: unknown = Reflect.get(globalThis, 'gc');
  if (typeof collect !== 'function') throw new Error('there is no gc(): start the browser with --js-flags=--expose-gc');
  for (let i = 0; i < 3; i++) {
    await new Promise(resolve => setTimeout(resolve, 5));
    collect();
  }
  await new Promise(resolve => setTimeout(resolve, 20));
}
