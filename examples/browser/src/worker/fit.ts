/** Whether the weights of a file fit a model. */
import { type Assignment, formatPath, formatShape, isContainer, KnetArray, type Path } from '@knet/knet';

/**
 * The arrays of a file beside those of a model in whose place they are to be put.
 *
 * @param model - weights of a model
 * @param file - what a file holds
 * @throws Error that names the first place where the two differ
 */
export function pairUp(model: unknown, file: unknown, path: Path = []): Assignment[] {
  if (model instanceof KnetArray) {
    if (!(file instanceof KnetArray)) throw misfit(`at w${formatPath(path)} it has no array, and the model has ${describe(model)}`);
    if (!alike(model, file)) throw misfit(`its w${formatPath(path)} is ${describe(file)}, and that of the model ${describe(model)}`);
    return [[model, file]];
  }
  if (!isContainer(model)) return [];
  const place = path.length === 0 ? 'w' : `w${formatPath(path)}`;
  if (!isContainer(file)) throw misfit(`it has nothing at ${place}, where the model has ${Object.keys(model).join(', ')}`);
  const extra = Object.keys(file).find(key => !Object.hasOwn(model, key));
  if (extra !== undefined) throw misfit(`its ${place} has a part ${extra}, and that of the model has none`);
  return Object.entries(model).flatMap(([key, part]) =>
    pairUp(part, Reflect.get(file, key), [...path, Array.isArray(model) ? Number(key) : key]),
  );
}

/** Whether two arrays have the same shape and dtype. */
export function alike(a: KnetArray, b: KnetArray): boolean {
  return a.dtype === b.dtype && formatShape(a.shape) === formatShape(b.shape);
}

function describe(x: KnetArray): string {
  return `${x.dtype} ${formatShape(x.shape)}`;
}

function misfit(what: string): Error {
  return new Error(`The file does not fit the model: ${what}. Choose the model and the sizes that it was saved with.`);
}
