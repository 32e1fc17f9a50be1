/** The data sets, from the site of the page. */
import { type MnistFiles, mnistFiles, text } from '@knet/datasets';

/**
 * A function that does its work once and remembers the result. What failed, it tries again.
 */
function once<T>(work: (site: string) => Promise<T>): (site: string) => Promise<T> {
  let result: Promise<T> | undefined;
  return site => {
    result ??= work(site).catch(error => {
      result = undefined;
      throw error;
    });
    return result;
  };
}

/** MNIST in host memory. The argument is the address of the folder with the data sets. */
export const readDigits: (site: string) => Promise<MnistFiles> = once(site => mnistFiles({ url: `${site}mnist/` }));

/** The text that the language model learns. */
export const readText: (site: string) => Promise<string> = once(site => text('hiawatha', { url: `${site}text/` }));
