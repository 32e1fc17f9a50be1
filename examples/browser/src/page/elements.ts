/** Parts of the page by their id. */

/**
 * The element with an id, as an instance of a class.
 * @throws Error when the page has none
 */
export function element<E extends HTMLElement>(id: string, Type: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof Type)) throw new Error(`The page has no ${Type.name} with the id ${id}.`);
  return found;
}

/** Shows a text, or nothing where it is empty. The text is only touched when it changes, so that it is read out once. */
export function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
