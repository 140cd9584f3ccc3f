"""What a conditions section says around its tables: how each condition is made, and what it cannot say."""

from __future__ import annotations

STANDARD = """{what}: `{model}` {version}, weights sha256 `{digest}…`. {protocol}. What is drawn at random
depends on seed {seed} and the face's row. Per cent. In brackets, and shaded: 95 % (Wilson's interval; of
gains and calibration errors by drawing faces). "Masked" are the standard test's masks: those of the painter
that training uses, from another seed."""

WORN = """**What hides the face.** The second painter shares neither drawing code nor landmarks with the
first, and nothing is trained on its masks. Heights say where a mask's upper edge crosses the face. Real
masks are cut out of the face detector's training photographs and laid over the face, landmark on landmark;
what hides a side comes from the same photographs. Sunglasses, hands and scarves are drawn; a model whose
recipe names them has met other drawings by the same hand. Hidden: mean share of the crop. Gain: points of
the coarse five over the seven labels, on the same faces."""

SEVERITY = """**Size, framing, light and blur.** Unchanged, bare faces reach {bare}, masked ones {masked}.
The pictures have 48 px and no more detail than that. A face of 24 or 32 px is averaged down and enlarged
again. One above 48 px is enlarged and brought down again as the device does it: that shows that the way
down costs nothing, not what the sharper face of a real camera would add. A shift and a zoom below 100 %
bring in what lies beyond the picture, where its border is repeated; a real frame has hair and walls there.
Less light: 4,000 electrons for white, half as many with each stop, shot noise, 3 electrons of read noise,
10 bits; then as many stops of gain, or none; then gamma and 8 bits. Noise is that of a crop's pixel: a face
larger than the crop has less. Directions of shifts, turns and motion are drawn for each face."""

FRAMED = """**As the device frames.** The published crop stands in a frame of 640 x 480 before a blurred
enlargement of itself, facet finds the face, and the crop is cut by its landmarks. Differences to the
published crop are medians, in brackets what 5 % exceed; they hold what facet sets right, such as a face off
the middle, beside what it gets wrong. A crop is turned as far as facet's landmarks lean; where that is less
than the roll of the last table, leaning heads stay as they are. Accuracy is of the faces found."""

LABEL = """**Each label.** Recall in some conditions; intervals are wide where faces are few."""

TRUST = """**Calibration and abstention.** The expected calibration error (15 bins) with the model's
temperatures, that for masked faces where there is a mask, as the detector would tell; its interval leans
upwards, since drawing faces adds noise that counts as error. Overconfidence above 0: it claims more than it
keeps. The model abstains where the largest coarse probability is below its threshold{threshold}; the dots in
the figure are where that leaves it."""

GROUPS = """**What the pictures show of the faces.** Expected: the accuracy that a group would have if each
label were as hard in it as in all faces together. Groups hold the labels in different shares; only what
differs from the expected is a group's own. Brightness: median grey level of the cheeks, in fifths. Yaw: how
far the tip of the nose stands beside the middle of the eyes, in distances between them. Roll: how far the
line between the eyes leans. All are measured on the bare face, by dlib's landmarks."""

LIMITS = """What this cannot say: in a grey picture of 48 px brightness is light and exposure as much as
skin. A difference between fifths is not one between people of different skin, and no difference is no proof
of fairness. The set names neither age nor sex nor origin, and nothing here guesses them: groups of people
cannot be told apart. Faces on which dlib finds no landmarks are harder in other ways too; their masks hang
on a template. Yaw and roll are as good as dlib's landmarks on 48 px."""
