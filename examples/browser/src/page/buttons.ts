/** Buttons that can be switched off without losing the focus of the keyboard, as `disabled` would. */

/** Calls a function when a button is pressed, unless it is off. */
export function onPress(button: HTMLButtonElement, action: () => void): void {
  button.addEventListener('click', event => {
    if (isOn(button)) action();
    else event.preventDefault();
  });
}

export function switchTo(on: boolean, ...buttons: readonly HTMLButtonElement[]): void {
  for (const button of buttons) button.setAttribute('aria-disabled', String(!on));
}

export function isOn(button: HTMLButtonElement): boolean {
  return button.getAttribute('aria-disabled') !== 'true';
}
