// Stands in for spark-md5. vtk.js finds compiled shaders by a hash of their text, and makes it anew in
// each frame for all that has moved: MD5 was a fifth of what a frame cost. The text does as well.

export default { hash: (text: string): string => text };
