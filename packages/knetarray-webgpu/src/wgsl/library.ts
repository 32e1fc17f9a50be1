/** Functions in WGSL, of which a shader gets those that it calls. */

/** Functions by name, each with its whole declaration. Their names are distinct over all files. */
export type Functions = Readonly<Record<string, string>>;

/** Declarations of the functions that `code` calls, and of those that they call: each once, before its callers. */
export function declarations(functions: Functions, code: string): string {
  const found = new Set<string>();
  const visit = (text: string): void => {
    for (const [, name] of text.matchAll(/\b([a-z]\w*)\(/g)) {
      const declaration = functions[name!];
      if (declaration === undefined || found.has(declaration)) continue;
      // The function itself is among the names in its declaration.
      visit(declaration.replace(`fn ${name}(`, ''));
      found.add(declaration);
    }
  };
  visit(code);
  return [...found].join('\n');
}

/** c0 + c1 x + c2 x^2 + ... by Horner's rule. */
export function polynomial(x: string, ...coefficients: readonly number[]): string {
  return coefficients.slice(0, -1).reduceRight((sum, c) => `fma(${sum}, ${x}, ${c})`, String(coefficients.at(-1)));
}
