// The labels in the order of edge/labels.py, and how they are written and coloured.

export const LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];

export const MASK_WORDS = {
  mask: "mask",
  no_mask: "no mask",
  mask_worn_incorrectly: "mask worn wrongly",
};

export const percent = (share) => `${Math.round(share * 100)} %`;

// The value of a colour variable as it stands for this element (the stage has its own set).
export const colour = (element, name) => getComputedStyle(element).getPropertyValue(`--${name}`).trim();

// [name, share] of the strongest entry of {name: share}.
export const strongest = (shares) => Object.entries(shares).reduce((a, b) => (b[1] > a[1] ? b : a));

// What to call a face: its label, or the honest "unsure" when the classifier abstained.
export const spoken = (face) => (face.abstained ? "unsure" : face.label);
