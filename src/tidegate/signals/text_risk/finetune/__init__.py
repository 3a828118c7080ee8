"""How the weights of the text-risk model are made: a multilingual sentence encoder, cut to the languages and
the size that are wanted, taught our harms, and written out with eight-bit weights. Needs the extra
`finetune`."""
