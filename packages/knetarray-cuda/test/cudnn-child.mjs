// Runs convolutions on the addon in a process of its own: reads a JSON list of {words, a, b, bytes} - the command but for its
// addresses, both operands in base64, and the length of the result - and writes {dnn, results}, each result in base64 or an error.
// An argument `tf32` lets float32 be multiplied so.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const native = createRequire(import.meta.url)(process.env.KNET_CUDA_ADDON);
const block = native.open(0, message => new Error(message));
native.allowTf32(process.argv[2] === 'tf32');
const { dnn } = native.deviceInfo();

const results = JSON.parse(readFileSync(0, 'utf8')).map(({ words, a, b, bytes }) => {
  try {
    const addresses = [a, b].map(text => {
      const data = new Uint8Array(Buffer.from(text, 'base64'));
      const address = native.allocate(data.length);
      native.write(address, data);
      return address;
    });
    addresses.push(native.allocate(bytes));
    block.set([...words, ...addresses]);
    native.convolution();
    return { data: Buffer.from(native.read(addresses[2], bytes)).toString('base64') };
  } catch (error) {
    return { error: error.message };
  }
});
writeFileSync(1, JSON.stringify({ dnn, results }));
