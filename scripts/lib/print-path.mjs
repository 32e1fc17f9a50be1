// Started by npx, which has put the folder of the fetched command on PATH.
console.log(`PATH=${process.env.PATH}`);
