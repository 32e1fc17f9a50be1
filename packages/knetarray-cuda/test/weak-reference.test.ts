import { weakReferenceTests } from '../../native-commands/test/weak-reference-tests.js';
import { emulated } from './emulated.js';

weakReferenceTests(emulated);
