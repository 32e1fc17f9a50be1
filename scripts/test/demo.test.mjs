import { expect, it } from 'vitest';
import { withDefaults } from '../demo.mjs';

it('the demo trains one epoch on the portable backend unless it is told otherwise', () => {
  expect(withDefaults([])).toEqual(['--epochs', '1', '--device', 'cpu']);
  expect(withDefaults(['--device', 'onednn'])).toEqual(['--epochs', '1', '--device', 'onednn']);
  expect(withDefaults(['--epochs=2', '--device=auto'])).toEqual(['--epochs=2', '--device=auto']);
});
