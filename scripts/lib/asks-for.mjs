/** Whether the options of a program ask for a device by name. */
export const asksFor = (device, options) =>
  options.some((option, i) => option === `--device=${device}` || (option === '--device' && options[i + 1] === device));
