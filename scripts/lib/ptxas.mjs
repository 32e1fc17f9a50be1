// What ptxas tells of the kernels that it has compiled (`-Xptxas -v`).

/**
 * Every kernel in the messages, as `{ symbol, arch, registers, spills, stack, shared }`: sizes in bytes. What a kernel calls without
 * copying it into itself counts among its spills and its stack.
 */
export function kernelsOf(messages) {
  const kernels = [];
  let current;
  for (const line of messages.split('\n')) {
    const entry = /Compiling entry function '(\S+)' for 'sm_(\w+)'/.exec(line);
    if (entry) {
      current = { symbol: entry[1], arch: entry[2], registers: 0, spills: 0, stack: 0, shared: 0 };
      kernels.push(current);
    }
    if (!current) continue;
    const frame = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
    if (frame) {
      current.spills += Number(frame[2]) + Number(frame[3]);
      current.stack = Math.max(current.stack, Number(frame[1]));
    }
    const used = /Used (\d+) registers/.exec(line);
    if (used) current.registers = Number(used[1]);
    current.shared = Number(/(\d+) bytes smem/.exec(line)?.[1] ?? current.shared);
  }
  return kernels;
}

/** The name of a kernel in C++, without namespaces and template arguments: `9mapKernel` is the last one of `_ZN4knet..9mapKernelI`. */
export function nameOf(symbol) {
  let name = symbol;
  for (let rest = symbol.replace(/^_ZN?/, ''); ; ) {
    const length = /^\d+/.exec(rest)?.[0];
    if (length === undefined) return name;
    name = rest.slice(length.length, length.length + Number(length));
    rest = rest.slice(length.length + Number(length));
  }
}

/** One line for each name: its variants, and the most that one of them takes on any architecture. */
export function summaryOf(kernels) {
  const names = [...new Set(kernels.map(({ symbol }) => nameOf(symbol)))].sort();
  return names.map(name => {
    const own = kernels.filter(({ symbol }) => nameOf(symbol) === name);
    const most = key => Math.max(...own.map(kernel => kernel[key]));
    return {
      name,
      variants: new Set(own.map(({ symbol }) => symbol)).size,
      registers: most('registers'),
      spills: most('spills'),
      stack: most('stack'),
      shared: most('shared'),
    };
  });
}
