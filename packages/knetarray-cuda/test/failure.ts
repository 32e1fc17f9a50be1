/** What `f` throws, as text; empty when it does not. */
export function failure(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return '';
}
