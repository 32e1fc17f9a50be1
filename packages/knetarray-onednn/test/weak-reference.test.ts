import { weakReferenceTests } from '../../native-commands/test/weak-reference-tests.js';
import { onednnBackend } from '../src/index.js';

weakReferenceTests(onednnBackend);
