import { dataFiles } from '../data-files.js';

/** In a page the data sets come from the server beside it, all before the first of them is asked for. */
const contents = new Map(
  await Promise.all(
    dataFiles.map(async name => {
      const response = await fetch(`/data/${name}`);
      if (!response.ok) throw new Error(`data: the server answers ${response.status} for ${name}`);
      return [name, new Uint8Array(await response.arrayBuffer())] as const;
    }),
  ),
);

/** Contents of a file of the data sets, unpacked. */
export function dataFile(name: string): Uint8Array {
  const bytes = contents.get(name);
  if (bytes === undefined) throw new Error(`data: the page has not loaded ${name}; it loads ${dataFiles.join(', ')}`);
  return bytes;
}
