# comments, heredocs and expressions
provider "aws" {
  region = "eu-central-1"
}

/* resource "aws_eip" "commented" {} */
resource "aws_iam_role" "web" {
  name               = "web"
  path               = "/app/"
  assume_role_policy = <<-EOF
    {"resource": "aws_x"}
  EOF
}

resource "aws_iam_instance_profile" "web" {
  name = "web-profile"
  role = aws_iam_role.web.name
}

resource "aws_instance" "web" {
  count                = var.many ? 2 : 1
  ami                  = data.aws_ami.u.id
  instance_type        = "t3.micro"
  iam_instance_profile = aws_iam_instance_profile.web.name
  user_data            = <<EOF
#!/bin/bash
resource "aws_eip" "fake" {
EOF
  dynamic "ebs_block_device" {
    for_each = var.disks
    content {
      device_name = ebs_block_device.value
      encrypted   = true
    }
  }
}

data "aws_ami" "u" {
  most_recent = true
}
